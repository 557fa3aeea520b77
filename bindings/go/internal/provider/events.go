// Streams cut into their events, however the bytes arrive: server-sent events, and a JSON list that grows.

package provider

import "bytes"

// A splitter takes a stream in pieces of any size.
type splitter interface {
	feed(piece []byte)
	// finish hands on what has only begun: servers leave out the last empty line.
	finish()
	leftOut() int
}

// sse reads text/event-stream as the HTML standard says. The name of an event is not needed: every provider has
// it inside the data, too.
type sse struct {
	emit    func(data []byte)
	line    []byte
	data    []byte
	hasData bool
	afterCR bool
	begun   bool
	over    int
}

func (s *sse) feed(piece []byte) {
	for len(piece) > 0 {
		if s.afterCR {
			s.afterCR = false
			if piece[0] == '\n' {
				piece = piece[1:]
				continue
			}
		}
		end := bytes.IndexAny(piece, "\r\n")
		if end < 0 {
			s.keep(&s.line, piece)
			return
		}
		s.keep(&s.line, piece[:end])
		s.afterCR = piece[end] == '\r'
		piece = piece[end+1:]
		s.endLine()
	}
}

func (s *sse) keep(in *[]byte, piece []byte) {
	room := max(Limit-len(s.line)-len(s.data), 0)
	if len(piece) > room {
		s.over += len(piece) - room
		piece = piece[:room]
	}
	*in = append(*in, piece...)
}

func (s *sse) endLine() {
	line := s.line
	s.line = s.line[:0]
	if !s.begun {
		s.begun = true
		line = bytes.TrimPrefix(line, []byte("\uFEFF"))
	}
	if len(line) == 0 {
		s.dispatch()
		return
	}
	name, value, _ := bytes.Cut(line, []byte(":"))
	if string(name) != "data" { // a comment has the empty name
		return
	}
	if s.hasData {
		s.data = append(s.data, '\n')
	}
	s.hasData = true
	s.data = append(s.data, bytes.TrimPrefix(value, []byte(" "))...)
}

func (s *sse) dispatch() {
	if s.hasData {
		s.emit(s.data)
	}
	s.data, s.hasData = s.data[:0], false
}

func (s *sse) finish() {
	if len(s.line) > 0 {
		s.endLine()
	}
	s.dispatch()
}

func (s *sse) leftOut() int { return s.over }

// elements reads the elements of a JSON list, as Gemini streams them where server-sent events were not asked for.
type elements struct {
	emit    func(data []byte)
	element []byte
	depth   int // below the element's own opening
	inText  bool
	escaped bool
	over    int
}

func (e *elements) feed(piece []byte) {
	for _, each := range piece {
		if e.depth == 0 {
			if each == '{' {
				e.depth = 1
				e.element = append(e.element[:0], each)
			}
			continue
		}
		if len(e.element) < Limit {
			e.element = append(e.element, each)
		} else {
			e.over++
		}
		switch {
		case e.escaped:
			e.escaped = false
		case e.inText:
			e.escaped, e.inText = each == '\\', each != '"'
		case each == '"':
			e.inText = true
		case each == '{' || each == '[':
			e.depth++
		case each == '}' || each == ']':
			e.depth--
			if e.depth == 0 {
				e.emit(e.element)
			}
		}
	}
}

func (e *elements) finish() {
	if e.depth > 0 {
		e.depth = 0
		e.emit(e.element)
	}
}

func (e *elements) leftOut() int { return e.over }
