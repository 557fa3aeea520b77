// Package translated is the core module as Go source, and what it needs of the machine.
//
// core.go is made by tools/build_go.py, which calls reserve and grow of this file for its memory.
package translated

// reserved is the most memory of an instance, of which the system gives what is used.
const reserved = 64 << 20 << (^uint(0) >> 63 << 1)

// Memory gives all of its memory; after another call it may be another.
func (m *Module) Memory() []byte {
	return m.memory
}

// Close gives the memory back.
func (m *Module) Close() {
	memory := m.memory
	m.memory = nil
	Release(memory)
}

// reserve gives zeroes that may become more, outside Go's heap if the system can: so the garbage
// collector counts nothing of it, and growth copies nothing.
func reserve(size int) []byte {
	if memory := mapped(reserved); memory != nil {
		return memory[:size]
	}
	return make([]byte, size, 8<<20)
}

// grow makes the memory so many pages longer, and gives how many it had, or -1.
func grow(memory *[]byte, pages, most int64) int64 {
	old := *memory
	had := int64(len(old) >> 16)
	if pages < 0 || pages > min(most, reserved>>16)-had {
		return -1
	}
	size := int(had+pages) << 16
	if size > cap(old) {
		longer := make([]byte, size, min(2*size, reserved))
		copy(longer, old)
		*memory = longer
	} else {
		*memory = old[:size]
	}
	return had
}
