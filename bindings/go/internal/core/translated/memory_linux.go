package translated

import "syscall"

// Memory that is reserved counts only once it is used.
const unreserved = syscall.MAP_NORESERVE
