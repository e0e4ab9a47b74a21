//! Several tries in one open-addressing table: from a node, by a symbol, to a node.
//!
//! The key of an edge is its node and symbol themselves, so what is found is what was asked for and no string is ever
//! compared. Symbols are code points, or nodes of another trie (words as symbols of sequences of words).

use crate::error::{Error, Result};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// No term, no node.
pub(crate) const NONE: u32 = u32::MAX;

const EMPTY: u64 = u64::MAX;
/// Bit of `Slot::next`: there are patterns that end at this node.
const LISTED: u32 = 1 << 31;
const MAX_NODES: u32 = LISTED;
/// 2⁶⁴ over the golden ratio spreads the keys of ordinary files well.
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
/// A longer search for a free slot means a file made to collide: another multiplier, which it cannot know, is drawn.
const LONGEST_PROBE: usize = 128;

#[derive(Clone, Copy, Debug)]
struct Slot {
    key: u64,
    next: u32,
    term: u32,
}

const FREE: Slot = Slot { key: EMPTY, next: NONE, term: NONE };

/// Where a step leads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    next: u32,
    /// The term that ends here, or `NONE`.
    pub term: u32,
}

impl Edge {
    #[inline]
    pub(crate) fn node(self) -> u32 {
        self.next & !LISTED
    }

    /// True where patterns end at the node.
    #[inline]
    pub(crate) fn is_listed(self) -> bool {
        self.next & LISTED != 0
    }
}

/// The finished table.
#[derive(Debug)]
pub(crate) struct Trie {
    slots: Vec<Slot>,
    shift: u32,
    multiplier: u64,
}

impl Trie {
    /// The edge from a node by a symbol (a number below 2³¹), if there is one.
    #[inline(always)]
    pub(crate) fn step(&self, node: u32, symbol: u32) -> Option<Edge> {
        let key = key_of(node, symbol);
        let mut at = self.place(key);
        loop {
            let slot = self.slots.get(at)?;
            if slot.key == key {
                return Some(Edge { next: slot.next, term: slot.term });
            }
            if slot.key == EMPTY {
                return None;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    #[inline(always)]
    fn place(&self, key: u64) -> usize {
        (key.wrapping_mul(self.multiplier) >> self.shift) as usize
    }
}

#[inline(always)]
fn key_of(node: u32, symbol: u32) -> u64 {
    u64::from(node) << 31 | u64::from(symbol)
}

/// A table that grows.
pub(crate) struct TrieBuilder {
    trie: Trie,
    used: usize,
    /// Per node, the term that ends there and whether patterns do.
    terms: Vec<u32>,
    listed: Vec<bool>,
}

impl TrieBuilder {
    /// A table with these many nodes that no edge leads to, and room for about so many edges.
    pub(crate) fn new(roots: usize, edges: usize) -> TrieBuilder {
        let size = (edges * 4 / 3 + 16).next_power_of_two();
        TrieBuilder {
            trie: Trie { slots: vec![FREE; size], shift: shift_of(size), multiplier: MULTIPLIER },
            used: 0,
            terms: vec![NONE; roots],
            listed: vec![false; roots],
        }
    }

    /// The node a step leads to, made where there is none.
    pub(crate) fn child(&mut self, node: u32, symbol: u32) -> Result<u32> {
        let key = key_of(node, symbol);
        let mut at = self.trie.place(key);
        let slots = &mut self.trie.slots;
        let size = slots.len();
        let mut probes = 0;
        while slots[at].key != EMPTY {
            if slots[at].key == key {
                return Ok(slots[at].next);
            }
            at = (at + 1) & (size - 1);
            probes += 1;
        }
        let next = self.terms.len() as u32;
        if self.terms.len() >= MAX_NODES as usize {
            return Err(Error::malformed("more terms than this runtime holds"));
        }
        slots[at] = Slot { key, next, term: NONE };
        self.terms.push(NONE);
        self.listed.push(false);
        self.used += 1;
        if self.used * 4 > size * 3 {
            self.rehash(size * 2, self.trie.multiplier);
        } else if probes > LONGEST_PROBE {
            let more = if self.used * 2 > size { 2 } else { 1 };
            self.rehash(size * more, RandomState::new().build_hasher().finish() | 1);
        }
        Ok(next)
    }

    fn rehash(&mut self, size: usize, multiplier: u64) {
        let old = std::mem::replace(&mut self.trie.slots, vec![FREE; size]);
        self.trie.shift = shift_of(size);
        self.trie.multiplier = multiplier;
        for slot in old.into_iter().filter(|slot| slot.key != EMPTY) {
            let mut at = self.trie.place(slot.key);
            while self.trie.slots[at].key != EMPTY {
                at = (at + 1) & (size - 1);
            }
            self.trie.slots[at] = slot;
        }
    }

    pub(crate) fn set_term(&mut self, node: u32, term: u32) {
        self.terms[node as usize] = term;
    }

    pub(crate) fn set_listed(&mut self, node: u32) {
        self.listed[node as usize] = true;
    }

    pub(crate) fn node_count(&self) -> usize {
        self.terms.len()
    }

    pub(crate) fn finish(self) -> Trie {
        let mut trie = self.trie;
        for slot in trie.slots.iter_mut().filter(|slot| slot.key != EMPTY) {
            let node = slot.next as usize;
            slot.term = self.terms[node];
            if self.listed[node] {
                slot.next |= LISTED;
            }
        }
        trie
    }
}

fn shift_of(size: usize) -> u32 {
    64 - size.trailing_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        let mut builder = TrieBuilder::new(2, 0);
        for word in 0..5_000 {
            let mut node = word % 2;
            for digit in [word / 100, word % 100] {
                node = builder.child(node, digit).unwrap();
            }
            builder.set_term(node, word);
        }
        let trie = builder.finish();
        for word in 0..5_000 {
            let first = trie.step(word % 2, word / 100).unwrap();
            assert_eq!(first.term, NONE);
            assert_eq!(trie.step(first.node(), word % 100).unwrap().term, word);
            assert!(!first.is_listed() && trie.step(first.node(), 100).is_none());
        }
        assert!(trie.step(0, 50).is_none());
    }

    /// Children chosen so that the known multiplier puts them all into one place cost no quadratic time.
    #[test]
    fn keys_made_to_collide_do_not_make_it_slow() {
        let colliding = (0..0x11_0000u32).filter(|code| (u64::from(*code).wrapping_mul(MULTIPLIER) >> 60) == 5);
        let symbols: Vec<u32> = colliding.collect();
        assert!(symbols.len() > 50_000);
        let start = std::time::Instant::now();
        let mut builder = TrieBuilder::new(1, symbols.len());
        for symbol in &symbols {
            builder.child(0, *symbol).unwrap();
        }
        let trie = builder.finish();
        assert!(symbols.iter().all(|symbol| trie.step(0, *symbol).is_some()));
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }
}
