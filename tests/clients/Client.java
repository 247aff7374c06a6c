// A Java program with a large buffer outside its heap, a large array within, and threads that make garbage.
//
//   java Client.java BYTES
//
// stdout: what it computed. stderr: how many files of the pool it has mapped while it holds the buffer.

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.stream.IntStream;

public class Client {
    static void tell(String step) throws Exception {
        System.err.println(step + " " + Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.contains("/numa_0/")).count());
    }

    static String digest(ByteBuffer buffer) throws Exception {
        MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
        sha256.update(buffer.duplicate().clear());
        return HexFormat.of().formatHex(sha256.digest());
    }

    static long churn(int seed) {
        long sum = 0;
        byte[][] kept = new byte[64][];
        for (int i = 0; i < 4000; i++) {
            byte[] block = new byte[1 + i * 31 % 20000];
            block[i % block.length] = (byte) (seed + i);
            kept[i % kept.length] = block;
            sum += kept[i * 7 % kept.length] == null ? 1 : kept[i * 7 % kept.length].length;
        }
        return sum;
    }

    public static void main(String[] arguments) throws Exception {
        int size = Integer.parseInt(arguments[0]);
        ByteBuffer direct = ByteBuffer.allocateDirect(size);
        tell("taken");
        System.out.println("fresh " + digest(direct));
        for (int at = 0; at < size; at += 8) {
            direct.putLong(at, at * 0x9e3779b97f4a7c15L);
        }
        byte[] array = new byte[size];
        direct.get(0, array);
        System.out.println("filled " + digest(direct) + ", copied " + digest(ByteBuffer.wrap(array)));
        System.out.println("churned " + IntStream.range(0, 8).parallel().mapToLong(Client::churn).sum());
        tell("done");
        Reference.reachabilityFence(direct);
    }
}
