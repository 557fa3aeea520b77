//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package translated

const unreserved = 0
