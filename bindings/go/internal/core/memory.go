package core

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync"
	"unicode/utf8"
)

// number checks the number of a case: the core takes any other for one of its own, unchecked.
func number[T ~uint8](value T, count uint8) uint8 {
	if uint8(value) >= count {
		panic(fmt.Sprintf("%T has no case %d", value, uint8(value)))
	}
	return uint8(value)
}

// allocate makes room that the core frees.
func (i *Instance) allocate(size, align int) uint32 {
	// Nothing lies at an address where nothing is: it only has to be aligned and not 0.
	if size == 0 {
		return uint32(align)
	}
	if size < 0 || size > math.MaxInt32 {
		panic("a value of 2 GB or more")
	}
	return uint32(i.raw.Realloc(0, 0, int32(align), int32(size)))
}

// text puts a text into memory, each byte that is not UTF-8 as U+FFFD: the core trusts that it is.
func (i *Instance) text(text string) (at, length uint32) {
	if !utf8.ValidString(text) {
		text = string([]rune(text))
	}
	at = i.allocate(len(text), 1)
	copy(i.raw.Memory()[at:], text)
	return at, uint32(len(text))
}

func (i *Instance) bytes(bytes []byte) (at, length uint32) {
	at = i.allocate(len(bytes), 1)
	copy(i.raw.Memory()[at:], bytes)
	return at, uint32(len(bytes))
}

type store[T any] func(i *Instance, at uint32, value T)

func list[T any](i *Instance, items []T, size, align uint32, put store[T]) (at, length uint32) {
	at = i.allocate(len(items)*int(size), int(align))
	for index, item := range items {
		put(i, at+uint32(index)*size, item)
	}
	return at, uint32(len(items))
}

func storePair(i *Instance, at, start, length uint32) {
	memory := i.raw.Memory()
	binary.LittleEndian.PutUint32(memory[at:], start)
	binary.LittleEndian.PutUint32(memory[at+4:], length)
}

func storeText(i *Instance, at uint32, value string) {
	start, length := i.text(value)
	storePair(i, at, start, length)
}

func store8(i *Instance, at uint32, value uint8) {
	i.raw.Memory()[at] = value
}

func store64(i *Instance, at uint32, value uint64) {
	binary.LittleEndian.PutUint64(i.raw.Memory()[at:], value)
}

type load[T any] func(memory []byte, at uint32) T

func loadBool(memory []byte, at uint32) bool {
	return memory[at] != 0
}

func load16(memory []byte, at uint32) uint16 {
	return binary.LittleEndian.Uint16(memory[at:])
}

func load32(memory []byte, at uint32) uint32 {
	return binary.LittleEndian.Uint32(memory[at:])
}

func load64(memory []byte, at uint32) uint64 {
	return binary.LittleEndian.Uint64(memory[at:])
}

// slice gives the bytes that a pair at a place names; they are the core's own.
func slice(memory []byte, at uint32) []byte {
	start, length := uint64(load32(memory, at)), uint64(load32(memory, at+4))
	return memory[start : start+length]
}

func loadText(memory []byte, at uint32) string {
	return string(slice(memory, at))
}

// bodies keeps memory of bodies for the next: they are most of what a busy tracer allocates.
var bodies sync.Pool

func loadBytes(memory []byte, at uint32) []byte {
	given := slice(memory, at)
	if kept, is := bodies.Get().(*[]byte); is && cap(*kept) >= len(given) {
		return append((*kept)[:0], given...)
	}
	return append([]byte(nil), given...)
}

// Recycle gives the body of a request back: nothing reads it any more.
func Recycle(body []byte) {
	bodies.Put(&body)
}

// loadList gives nil for a list without items.
func loadList[T any](memory []byte, at, size uint32, get load[T]) []T {
	start, length := load32(memory, at), load32(memory, at+4)
	if length == 0 {
		return nil
	}
	items := make([]T, length)
	for index := range items {
		items[index] = get(memory, start+uint32(index)*size)
	}
	return items
}

func loadOption[T any](memory []byte, at, start uint32, get load[T]) (value Option[T]) {
	if memory[at] != 0 {
		value.Has = true
		value.Value = get(memory, at+start)
	}
	return value
}
