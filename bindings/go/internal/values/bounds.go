// Package values writes any Go value as the JSON text that the core takes, within the core's bounds, whatever
// the value's own code does.
//
// A value is written as encoding/json would write it, except where that fails or hides something: then the
// value has another form (see [Writer.Value]) or a text in its place. The text may hold what JSON cannot say,
// as wit/tracing.wit allows: NaN and infinities. Members of maps come in any order, since the core puts them
// into its own.
package values

// Bounds is the most that is read of the application's values: the core would cut the rest anyway.
type Bounds struct {
	// Depth is the number of containers inside each other.
	Depth int
	// Values is the number of values in one member.
	Values int
	// Bytes of JSON that one member takes.
	Bytes int
	// BytesTogether is what all members of one object take.
	BytesTogether int
	// BytesLeast is what a member may take even if those before it have used up all.
	BytesLeast int
}

// StandIns are the texts in the place of what is not written.
type StandIns struct {
	// Cyclic stands for a container that contains itself.
	Cyclic string
	// TooMany stands for what is beyond the bounds.
	TooMany string
	// Unserializable stands for a value whose own code failed.
	Unserializable string
	// UnserializableKey stands for a key whose own code failed.
	UnserializableKey string
	// TooLarge stands for an integer with too many digits.
	TooLarge string
}

// CoreBounds and CoreStandIns are what the core's `names` says. They are written here so that nothing has to be
// asked at the start of a program; a test compares them with the core. They never change.
var (
	CoreBounds = Bounds{
		Depth:         34,
		Values:        2_500_000,
		Bytes:         5_500_000,
		BytesTogether: 7_500_000,
		BytesLeast:    64 << 10,
	}
	CoreStandIns = StandIns{
		Cyclic:            "[cyclic reference]",
		TooMany:           "[too many values]",
		Unserializable:    "[unserializable]",
		UnserializableKey: "[unserializable key]",
		TooLarge:          "[integer too large]",
	}
)
