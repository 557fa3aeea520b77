//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package translated

import "syscall"

// mapped gives so many zeroes of which each page is the system's until it is used, or nil.
func mapped(size int) []byte {
	const access = syscall.PROT_READ | syscall.PROT_WRITE
	const kind = syscall.MAP_ANON | syscall.MAP_PRIVATE | unreserved
	memory, err := syscall.Mmap(-1, 0, size, access, kind)
	if err != nil {
		return nil
	}
	return memory
}

// Release gives the memory of a module back to the system; what is Go's stays Go's.
func Release(memory []byte) {
	if cap(memory) == reserved {
		// The system refuses what it has not mapped.
		_ = syscall.Munmap(memory[:cap(memory)])
	}
}
