// The list that a trace was opened from, so that the way up leads back to it with its filters.

let address = "/";

/** @param {string} list */
export function rememberList(list) {
  address = list;
}

export function listAddress() {
  return address;
}
