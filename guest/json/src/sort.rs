//! A stable sort that is small as code.
//!
//! The standard library's is faster on long inputs, and each use of it is ten kilobytes of the
//! component; what is sorted here is the keys of an object or the tags of a span.

use std::cmp::Ordering;

/// The most elements that are sorted by insertion.
const SHORT: usize = 24;

/// Sorts by `compare`, equal elements staying in their order: a merge sort from the bottom up.
pub fn sort_by<T: Copy>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    if items.len() <= SHORT {
        for end in 1..items.len() {
            for at in (1..=end).rev() {
                match items.get(at - 1..=at) {
                    Some([a, b]) if compare(a, b) == Ordering::Greater => items.swap(at - 1, at),
                    _ => break,
                }
            }
        }
        return;
    }
    let mut width = 1;
    let mut merged: Vec<T> = Vec::with_capacity(items.len());
    while width < items.len() {
        merged.clear();
        for pair in items.chunks(2 * width) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            loop {
                let from = match (left.first(), right.first()) {
                    (Some(a), Some(b)) if compare(a, b) == Ordering::Greater => &mut right,
                    (Some(_), _) => &mut left,
                    (None, Some(_)) => &mut right,
                    (None, None) => break,
                };
                if let Some((first, rest)) = from.split_first() {
                    merged.push(*first);
                    *from = rest;
                }
            }
        }
        items.copy_from_slice(&merged);
        width *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sorts_and_keeps_equal_elements_in_order() {
        for length in 0..80u32 {
            let mut items: Vec<(u32, u32)> = (0..length).map(|n| (n * 7 % 5, n)).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|item| item.0);
            sort_by(&mut items, |a, b| a.0.cmp(&b.0));
            assert_eq!(items, expected);
        }
    }
}
