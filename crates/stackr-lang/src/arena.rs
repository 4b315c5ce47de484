//! Values that stay where they are while more are added, so that they can be borrowed meanwhile.

use std::cell::{Cell, OnceCell};

/// As many chunks as a 32-bit index can need.
const CHUNKS: usize = 32;

/// A list that only grows; chunk `n` holds `2^n` values.
pub(crate) struct Arena<T> {
    chunks: [OnceCell<Box<[OnceCell<T>]>>; CHUNKS],
    length: Cell<usize>,
}

impl<T> Arena<T> {
    pub(crate) fn new() -> Self {
        Self { chunks: [const { OnceCell::new() }; CHUNKS], length: Cell::new(0) }
    }

    /// Adds a value and gives its index.
    pub(crate) fn push(&self, value: T) -> usize {
        let index = self.length.get();
        self.length.set(index + 1);
        let (chunk, at) = place(index);
        let cells =
            self.chunks[chunk].get_or_init(|| (0..1_usize << chunk).map(|_| OnceCell::new()).collect());
        cells[at].get_or_init(|| value);
        index
    }

    /// The value at an index that [`Arena::push`] gave.
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        let (chunk, at) = place(index);
        self.chunks.get(chunk)?.get()?.get(at)?.get()
    }
}

/// The chunk of an index and the place in it.
fn place(index: usize) -> (usize, usize) {
    let chunk = (index + 1).ilog2() as usize;
    (chunk, index + 1 - (1 << chunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_stays() {
        let arena = Arena::new();
        let first = arena.push(0);
        let borrowed = arena.get(first);
        for i in 1..1000 {
            assert_eq!(arena.push(i), i);
        }
        assert_eq!(borrowed, Some(&0));
        assert!((0..1000).all(|i| arena.get(i) == Some(&i)));
        assert_eq!(arena.get(1000), None);
    }
}
