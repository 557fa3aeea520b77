// A test that records: what the program itself starts meanwhile is recorded too, and sends nothing.

package engine

import (
	"slices"
	"sync"
)

var recordings struct {
	sync.Mutex
	// changes are those of the tests that record, the innermost last.
	changes []*func(*Config)
}

// Record has change see the Config of every tracer that [Start] starts, until end is called. A Config with a Lookup
// of its own is a test's, and is left as it is.
func Record(change func(*Config)) (end func()) {
	recordings.Lock()
	defer recordings.Unlock()
	recordings.changes = append(recordings.changes, &change)
	return func() {
		recordings.Lock()
		defer recordings.Unlock()
		recordings.changes = slices.DeleteFunc(recordings.changes, func(one *func(*Config)) bool { return one == &change })
	}
}

// recording gives what the innermost test that records changes; nil, as nearly always, if none does.
func recording() func(*Config) {
	recordings.Lock()
	defer recordings.Unlock()
	if last := len(recordings.changes) - 1; last >= 0 {
		return *recordings.changes[last]
	}
	return nil
}
