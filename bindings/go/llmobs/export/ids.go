// Ids of elsewhere as numbers, which is what ids of spans and traces are here.

package export

import (
	"encoding/hex"
	"hash/fnv"
	"strconv"
	"strings"
)

// spanIDOf gives the decimal number that stands for a span's id. It depends only on the id: a child, a link and an
// evaluation of another submission name the same span.
func spanIDOf(id string) string {
	if number, err := strconv.ParseUint(id, 10, 64); err == nil && number != 0 && isCanonical(id) {
		return id
	}
	if len(id) == 16 {
		if number, err := strconv.ParseUint(id, 16, 64); err == nil && number != 0 {
			return strconv.FormatUint(number, 10)
		}
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(id))
	return strconv.FormatUint(max(hash.Sum64(), 1), 10)
}

// traceIDOf gives the id of a trace as the core takes it: a decimal number, or 32 hexadecimal digits.
func traceIDOf(id string) string {
	const mostDigits = 38 // below 2^128
	isZero := strings.Trim(id, "0") == ""
	if !isZero && len(id) <= mostDigits && strings.Trim(id, "0123456789") == "" && isCanonical(id) && len(id) != 32 {
		return id
	}
	if lower := strings.ToLower(id); !isZero && strings.Trim(lower, "0123456789abcdef") == "" {
		switch len(id) {
		case 32:
			return lower
		case 16:
			return strings.Repeat("0", 16) + lower
		}
	}
	hash := fnv.New128a()
	_, _ = hash.Write([]byte(id))
	return hex.EncodeToString(hash.Sum(nil))
}

// isCanonical says whether a number of digits is written as numbers are: without a sign or zeros in front.
func isCanonical(number string) bool {
	return number == "0" || number != "" && number[0] != '0' && number[0] != '+'
}

// isDecimal says whether a text is a number from 0 to 2^64-1 as numbers are written.
func isDecimal(text string) bool {
	_, err := strconv.ParseUint(text, 10, 64)
	return err == nil && isCanonical(text)
}
