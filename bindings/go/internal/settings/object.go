// A JSON object whose members keep their order and their text: the core writes tags in the order in which
// they were said, and limits that a float would round.

package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
)

type member struct {
	name  string
	value json.RawMessage
}

type object []member

func readObject(text []byte) (object, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	begin, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	if begin != json.Delim('{') {
		return nil, errors.New("a JSON text is not an object")
	}
	var read object
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		read = append(read, member{name, value})
	}
	_, err = decoder.Token()
	return read, err
}

func (o object) find(name string) int {
	return slices.IndexFunc(o, func(one member) bool { return one.name == name })
}

// get gives nil if there is no such member.
func (o object) get(name string) json.RawMessage {
	if at := o.find(name); at >= 0 {
		return o[at].value
	}
	return nil
}

// with sets a member; a new one is the last.
func (o object) with(name string, value json.RawMessage) object {
	changed := slices.Clone(o)
	if at := o.find(name); at >= 0 {
		changed[at].value = value
		return changed
	}
	return append(changed, member{name, value})
}

func (o object) without(name string) object {
	return slices.DeleteFunc(slices.Clone(o), func(one member) bool { return one.name == name })
}

func (o object) text() string {
	var out bytes.Buffer
	out.WriteByte('{')
	for at, one := range o {
		if at > 0 {
			out.WriteByte(',')
		}
		// A string always has a JSON text.
		name, _ := json.Marshal(one.name)
		out.Write(name)
		out.WriteByte(':')
		out.Write(one.value)
	}
	out.WriteByte('}')
	return out.String()
}
