// A Go program that asks for one large buffer through cgo, while its own runtime allocates and collects garbage on many
// goroutines.
//
//	client BYTES
//
// stdout: what it computed. stderr: how many files of the pool it has mapped, after each step.
package main

// #include <sys/mman.h>
// static void* take(size_t size) {
//     return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
// }
import "C"

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"unsafe"
)

func tell(step string) {
	maps, _ := os.ReadFile("/proc/self/maps")
	fmt.Fprintln(os.Stderr, step, bytes.Count(maps, []byte("/numa_0/")))
}

// Lists of blocks of all sizes, most of them garbage at once.
func churn(seed int) (sum int) {
	var kept [][]byte
	for i := 0; i < 2000; i++ {
		block := bytes.Repeat([]byte{byte(seed + i)}, 1+(i*i)%50000)
		if i%16 == 0 {
			kept = append(kept, block)
		}
	}
	for _, block := range kept {
		sum += len(block) * int(block[len(block)/2])
	}
	return sum
}

func main() {
	size, _ := strconv.Atoi(os.Args[1])
	for round := 0; round < 2; round++ {
		address := C.take(C.size_t(size))
		tell("taken")
		buffer := unsafe.Slice((*byte)(address), size)
		fmt.Printf("fresh %x\n", sha256.Sum256(buffer))

		var group sync.WaitGroup
		sums := make([]int, 8)
		for worker := range sums {
			group.Add(1)
			go func(worker int) {
				defer group.Done()
				part := buffer[worker*size/len(sums) : (worker+1)*size/len(sums)]
				for i := range part {
					part[i] = byte(i * (worker + 3) >> 3)
				}
				sums[worker] = churn(worker + round)
			}(worker)
		}
		group.Wait()
		runtime.GC()
		fmt.Printf("filled %x, churned %v\n", sha256.Sum256(buffer), sums)

		fmt.Println("munmap", C.munmap(address, C.size_t(size)))
		tell("released")
	}
}
