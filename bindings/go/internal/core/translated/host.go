package translated

import "encoding/binary"

// Host is what the core imports.
type Host interface {
	// Monotonic gives nanoseconds since any moment; it never goes back.
	Monotonic() uint64
	// Wall gives nanoseconds since the Unix epoch.
	Wall() uint64
	// Random gives a number that nobody can guess.
	Random() uint64
}

// Make makes an instance.
func Make(host Host) *Module {
	wall := &wallClock{host: host}
	module := newModule(monotonicClock{host}, wall, random{host})
	wall.module = module
	return module
}

type monotonicClock struct{ host Host }

func (c monotonicClock) Xnow() int64 {
	return int64(c.host.Monotonic())
}

type wallClock struct {
	host   Host
	module *Module
}

func (c *wallClock) Xnow(at int32) {
	const second = 1_000_000_000
	now := c.host.Wall()
	memory := c.module.memory[uint32(at):]
	binary.LittleEndian.PutUint64(memory, now/second)
	binary.LittleEndian.PutUint32(memory[8:], uint32(now%second))
}

type random struct{ host Host }

func (r random) XgetRandom() int64 {
	return int64(r.host.Random())
}
