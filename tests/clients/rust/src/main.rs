// A Rust program that asks for one large buffer as Rust sealers do.
//
//   client sealer BYTES    memmap2, locked; where it can't be locked, dropped and mapped again
//   client vector BYTES    vec![0u8; BYTES]
//
// stdout: what it computed. stderr: whether the lock was granted, and how many files of the pool it has mapped.

use memmap2::{MmapMut, MmapOptions};
use std::ops::DerefMut;

fn tell(step: &str) {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    eprintln!("{step} {}", maps.lines().filter(|line| line.contains("/numa_0/")).count());
}

fn map(size: usize) -> MmapMut {
    MmapOptions::new().len(size).map_anon().expect("map_anon")
}

fn sealer_buffer(size: usize) -> MmapMut {
    let mut buffer = map(size);
    tell("mapped");
    match buffer.lock() {
        Ok(()) => eprintln!("locked"),
        Err(error) => {
            eprintln!("not locked: {}", error.raw_os_error().unwrap());
            drop(buffer);
            tell("dropped");
            buffer = map(size);
            tell("mapped again");
        }
    }
    buffer
}

// Fills a buffer from its own earlier words, as labelling does, and sums it up.
fn use_up(buffer: &mut [u8]) {
    assert!(buffer.iter().all(|byte| *byte == 0), "fresh memory isn't zero");
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    for chunk in buffer.chunks_exact_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        chunk.copy_from_slice(&state.to_le_bytes());
    }
    let sum = buffer.iter().fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    println!("sum {sum:016x}, middle {:02x?}", &buffer[buffer.len() / 2..][..8]);
}

fn run<Buffer: DerefMut<Target = [u8]>>(take: fn(usize) -> Buffer, size: usize) {
    for _ in 0..2 {
        let mut buffer = take(size);
        tell("taken");
        use_up(&mut buffer);
        drop(buffer);
        tell("released");
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let size = arguments[2].parse().unwrap();
    match arguments[1].as_str() {
        "sealer" => run(sealer_buffer, size),
        "vector" => run(|size| vec![0u8; size], size),
        way => panic!("{way}?"),
    }
}
