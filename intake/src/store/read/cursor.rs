//! The cursor of an ordered list: the last row of a page, by which the next page continues.

/// The order and the row of a cursor; `None` if the text is not a cursor.
pub(crate) fn cursor(text: &str) -> Option<(i64, i64)> {
    let (order, row) = text.split_once('.')?;
    Some((order.parse().ok()?, row.parse().ok()?))
}
