// Structs: which fields are members, under which names, by the rules of encoding/json.

package values

import (
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// field is a field that is written.
type field struct {
	// key is the name as JSON, with the colon.
	key string
	// index leads to the field, through embedded structs.
	index []int
	plan  *plan
	// quoted, omitEmpty and omitZero are the options of the tag.
	quoted, omitEmpty, omitZero bool
	// isZero is the type's own method; nil if it has none.
	isZero func(reflect.Value) bool
}

// candidate is a field that may be written, if no other hides it.
type candidate struct {
	name   string
	tagged bool
	index  []int
	of     reflect.StructField
	// rest is what the tag says after the name.
	rest string
	// twice means that another field has the same right to the name: then none of them has it.
	twice bool
}

// embedded is a struct whose fields are those of the struct around it.
type embedded struct {
	t     reflect.Type
	index []int
}

func (made planner) ofStruct(p *plan, t reflect.Type) {
	for _, found := range visible(t) {
		p.fields = append(p.fields, made.field(found))
	}
	p.write = writeStruct
	if len(p.fields) == 0 && t.NumField() > 0 && !isLeftOut(t) {
		// `{}` would say that it is empty.
		p.write = writeUnread
	}
}

// isLeftOut says whether a tag of the struct leaves a field out: then it means to be empty.
func isLeftOut(t reflect.Type) bool {
	for at := range t.NumField() {
		if t.Field(at).Tag.Get("json") == "-" {
			return true
		}
	}
	return false
}

func (made planner) field(found *candidate) field {
	t := found.of.Type
	options := strings.Split(found.rest, ",")
	f := field{
		key:       string(AppendText(nil, found.name)) + ":",
		index:     found.index,
		plan:      made.plan(t),
		quoted:    slices.Contains(options, "string") && behind(t).Kind() != reflect.Pointer,
		omitEmpty: slices.Contains(options, "omitempty"),
		omitZero:  slices.Contains(options, "omitzero"),
	}
	if f.omitZero {
		f.isZero = zeroOf(t)
	}
	return f
}

// visible gives the fields of a struct and of those embedded in it: of several with one name the outermost,
// and at the same level the one that has its name by a tag. Their order is that of the struct.
func visible(t reflect.Type) []*candidate {
	named := map[string]*candidate{}
	level := []embedded{{t: t}}
	seen := map[reflect.Type]bool{}
	for len(level) > 0 {
		var next []embedded
		count := map[reflect.Type]int{}
		for _, around := range level {
			count[around.t]++
		}
		for _, around := range level {
			if seen[around.t] {
				continue
			}
			seen[around.t] = true
			for at := range around.t.NumField() {
				found := candidateOf(around, at)
				if found == nil {
					continue
				}
				if inner := innerStruct(found); inner != nil {
					next = append(next, embedded{inner, found.index})
					continue
				}
				found.twice = count[around.t] > 1
				compete(named, found)
			}
		}
		level = next
	}
	var fields []*candidate
	for _, found := range named {
		if !found.twice {
			fields = append(fields, found)
		}
	}
	slices.SortFunc(fields, func(a, b *candidate) int { return slices.Compare(a.index, b.index) })
	return fields
}

// candidateOf gives a field of a struct; nil if it is never written.
func candidateOf(around embedded, at int) *candidate {
	of := around.t.Field(at)
	tag := of.Tag.Get("json")
	if tag == "-" || !of.IsExported() && (!of.Anonymous || behind(of.Type).Kind() != reflect.Struct) {
		return nil
	}
	name, rest, _ := strings.Cut(tag, ",")
	index := append(slices.Clone(around.index), at)
	if name == "" || strings.ContainsFunc(name, isNoNameOf) {
		return &candidate{name: of.Name, index: index, of: of, rest: rest}
	}
	return &candidate{name: name, tagged: true, index: index, of: of, rest: rest}
}

// isNoNameOf says whether encoding/json does not take a character in a name.
func isNoNameOf(char rune) bool {
	return !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", char) && !unicode.IsLetter(char) && !unicode.IsDigit(char)
}

// innerStruct gives the embedded struct whose fields stand for the field; nil if the field stands for itself.
func innerStruct(found *candidate) reflect.Type {
	if found.of.Anonymous && !found.tagged {
		if t := behind(found.of.Type); t.Kind() == reflect.Struct {
			return t
		}
	}
	return nil
}

// behind is the type behind a pointer.
func behind(t reflect.Type) reflect.Type {
	if t.Name() == "" && t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// compete gives a name to the field that has more right to it. Fields come from the outermost level inwards.
func compete(named map[string]*candidate, found *candidate) {
	has := named[found.name]
	switch {
	case has == nil, len(has.index) == len(found.index) && !has.tagged && found.tagged:
		named[found.name] = found
	case len(has.index) == len(found.index) && has.tagged == found.tagged:
		has.twice = true
	}
}

type zeroer interface{ IsZero() bool }

var zeroerType = reflect.TypeFor[zeroer]()

// zeroOf gives the method of a type that says whether a value is to be left out.
func zeroOf(t reflect.Type) func(reflect.Value) bool {
	switch {
	case t.Implements(zeroerType):
		return func(value reflect.Value) bool {
			if isNil(value) || value.Kind() == reflect.Interface && isNil(value.Elem()) {
				return true
			}
			zero, ok := asked(func() (bool, error) { return value.Interface().(zeroer).IsZero(), nil })
			return ok && zero
		}
	case reflect.PointerTo(t).Implements(zeroerType):
		return func(value reflect.Value) bool {
			zero, ok := asked(func() (bool, error) {
				if !value.CanAddr() {
					copied := reflect.New(t).Elem()
					copied.Set(value)
					value = copied
				}
				return value.Addr().Interface().(zeroer).IsZero(), nil
			})
			return ok && zero
		}
	}
	return nil
}

func writeStruct(w *Writer, value reflect.Value, p *plan) {
	if !w.enter(place{}) {
		return
	}
	w.out = append(w.out, '{')
	for at := range p.fields {
		f := &p.fields[at]
		member, there := reach(value, f.index)
		if !there || f.isLeftOut(member) {
			continue
		}
		if w.exhausted() {
			break
		}
		w.comma('{')
		w.out = append(w.out, f.key...)
		w.left--
		if f.quoted {
			w.quoted(member, f.plan)
		} else {
			f.plan.walk(w, member)
		}
	}
	w.out = append(w.out, '}')
	w.leave()
}

// reach gives the field that an index leads to. False if a nil pointer is on the way.
func reach(value reflect.Value, index []int) (reflect.Value, bool) {
	for at, number := range index {
		if at > 0 && value.Kind() == reflect.Pointer {
			if value.IsNil() {
				return value, false
			}
			value = value.Elem()
		}
		value = value.Field(number)
	}
	return value, true
}

func (f *field) isLeftOut(value reflect.Value) bool {
	if f.omitZero && (f.isZero != nil && f.isZero(value) || f.isZero == nil && value.IsZero()) {
		return true
	}
	if !f.omitEmpty {
		return false
	}
	switch value.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return value.Len() == 0
	case reflect.Struct, reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return false
	}
	return value.IsZero()
}

// quoted writes a number, a truth or a text once more as a text; anything else as it is.
func (w *Writer) quoted(value reflect.Value, p *plan) {
	if value.Kind() == reflect.Pointer && p.elem != nil {
		if value.IsNil() {
			w.null()
			return
		}
		value, p = value.Elem(), p.elem
	}
	start := len(w.out)
	p.walk(w, value)
	if p.quotable && !(p.byPointer && value.CanAddr()) {
		inner := string(w.out[start:])
		w.out = w.out[:start]
		w.text(inner)
	}
}
