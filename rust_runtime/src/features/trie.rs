//! Several tries in one open-addressing table: from a node, by a symbol, to a node.
//!
//! The key of an edge is its node and symbol themselves, so what is found is what was asked for and no string is ever
//! compared. `Edges` collects edges, with code points as symbols; `Table` is the finished form, made as small as it can
//! be: symbols are numbered from 1 and nodes so that the node where a term ends has the term's number.

use crate::error::{Error, Result};
use std::collections::hash_map::RandomState;
use std::fmt::Debug;
use std::hash::{BuildHasher, Hasher};

/// No node.
pub(crate) const NONE: u32 = u32::MAX;
/// Bit of a step's result: patterns end at the node.
pub(crate) const LISTED: u32 = 1 << 31;
/// Bit of a step's result: no edge leaves the node.
pub(crate) const LEAF: u32 = 1 << 30;
/// The node in a step's result.
pub(crate) const NODE: u32 = LEAF - 1;

/// 2⁶⁴ over the golden ratio spreads the keys of ordinary files well.
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
/// A longer search for a free slot means a file made to collide: another multiplier, which it cannot know, is drawn.
const LONGEST_PROBE: usize = 200;

/// Node and symbol in one number.
pub(crate) trait Key: Copy + Eq + Debug {
    const FREE: Self;
    fn of(node: u32, symbol: u32, symbol_bits: u32) -> Self;
    /// 32 well mixed bits.
    fn mixed(self, multiplier: u64) -> u32;
}

impl Key for u32 {
    const FREE: u32 = u32::MAX;

    #[inline(always)]
    fn of(node: u32, symbol: u32, symbol_bits: u32) -> u32 {
        node << symbol_bits | symbol
    }

    #[inline(always)]
    fn mixed(self, multiplier: u64) -> u32 {
        (u64::from(self).wrapping_mul(multiplier) >> 32) as u32
    }
}

impl Key for u64 {
    const FREE: u64 = u64::MAX;

    #[inline(always)]
    fn of(node: u32, symbol: u32, symbol_bits: u32) -> u64 {
        u64::from(node) << symbol_bits | u64::from(symbol)
    }

    #[inline(always)]
    fn mixed(self, multiplier: u64) -> u32 {
        (self.wrapping_mul(multiplier) >> 32) as u32
    }
}

#[derive(Clone, Copy, Debug)]
struct Slot<K> {
    key: K,
    next: u32,
}

/// Open addressing with linear probing; a table is never full.
#[derive(Debug)]
pub(crate) struct Table<K> {
    slots: Vec<Slot<K>>,
    symbol_bits: u32,
    multiplier: u64,
}

impl<K: Key> Table<K> {
    /// An empty table for these many edges, whose symbols have so many bits.
    pub(crate) fn new(edges: usize, symbol_bits: u32) -> Table<K> {
        let size = edges + edges / 2 + 16;
        Table { slots: vec![Slot { key: K::FREE, next: NONE }; size], symbol_bits, multiplier: MULTIPLIER }
    }

    /// Where the edge from a node by a symbol leads, or `NONE`.
    #[inline(always)]
    pub(crate) fn step(&self, node: u32, symbol: u32) -> u32 {
        let key = K::of(node, symbol, self.symbol_bits);
        let mut at = self.place(key);
        while let Some(slot) = self.slots.get(at) {
            if slot.key == key {
                return slot.next;
            }
            if slot.key == K::FREE {
                return NONE;
            }
            at += 1;
            if at == self.slots.len() {
                at = 0;
            }
        }
        NONE
    }

    #[inline(always)]
    fn place(&self, key: K) -> usize {
        ((u64::from(key.mixed(self.multiplier)) * self.slots.len() as u64) >> 32) as usize
    }

    /// The slot of an edge, or the free one where it would be; how many others were looked at.
    #[inline]
    fn search(&self, key: K) -> (usize, usize) {
        let (mut at, mut probes) = (self.place(key), 0);
        while self.slots[at].key != K::FREE && self.slots[at].key != key {
            at = if at + 1 == self.slots.len() { 0 } else { at + 1 };
            probes += 1;
        }
        (at, probes)
    }

    /// Adds edges to an empty table; draws another multiplier, a few times, while searches are long.
    pub(crate) fn fill(&mut self, edges: impl Iterator<Item = (u32, u32, u32)> + Clone) {
        for _ in 0..4 {
            let mut longest = 0;
            for (node, symbol, next) in edges.clone() {
                let key = K::of(node, symbol, self.symbol_bits);
                let (at, probes) = self.search(key);
                self.slots[at] = Slot { key, next };
                longest = longest.max(probes);
                if longest > LONGEST_PROBE {
                    break;
                }
            }
            if longest <= LONGEST_PROBE {
                return;
            }
            self.reset(self.slots.len() + self.slots.len() / 2);
        }
        for (node, symbol, next) in edges {
            let key = K::of(node, symbol, self.symbol_bits);
            let (at, _) = self.search(key);
            self.slots[at] = Slot { key, next };
        }
    }

    fn reset(&mut self, size: usize) {
        self.slots.clear();
        self.slots.resize(size, Slot { key: K::FREE, next: NONE });
        self.multiplier = RandomState::new().build_hasher().finish() | 1;
    }
}

/// A node while edges are collected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    /// The term that ends here, or `NONE`.
    pub term: u32,
    /// Patterns end here.
    pub listed: bool,
    /// No edge leaves it.
    pub leaf: bool,
    /// Symbols of its edges are words, not code points.
    pub sequence: bool,
}

const BARE: Node = Node { term: NONE, listed: false, leaf: true, sequence: false };

/// Edges while they are collected: symbols are numbers below 2³¹.
pub(crate) struct Edges {
    table: Table<u64>,
    count: usize,
    pub nodes: Vec<Node>,
}

const SYMBOL_BITS: u32 = 31;

impl Edges {
    /// No edges yet, these many nodes that no edge leads to, and room for about so many edges.
    pub(crate) fn new(roots: usize, edges: usize) -> Edges {
        Edges { table: Table::new(edges, SYMBOL_BITS), count: 0, nodes: vec![BARE; roots] }
    }

    /// The node an edge leads to, made where there is none.
    pub(crate) fn child(&mut self, node: u32, symbol: u32) -> Result<u32> {
        let key = u64::of(node, symbol, SYMBOL_BITS);
        let (at, probes) = self.table.search(key);
        if self.table.slots[at].key == key {
            return Ok(self.table.slots[at].next);
        }
        let next = self.nodes.len() as u32;
        if self.nodes.len() >= NODE as usize {
            return Err(Error::malformed("more terms than this runtime holds"));
        }
        self.table.slots[at] = Slot { key, next };
        self.nodes.push(BARE);
        self.nodes[node as usize].leaf = false;
        self.count += 1;
        let size = self.table.slots.len();
        if self.count * 4 > size * 3 {
            self.rehash(size * 2, false);
        } else if probes > LONGEST_PROBE {
            self.rehash(if self.count * 2 > size { size * 2 } else { size }, true);
        }
        Ok(next)
    }

    fn rehash(&mut self, size: usize, other: bool) {
        let multiplier = self.table.multiplier;
        let old = std::mem::take(&mut self.table.slots);
        self.table.reset(size);
        if !other {
            self.table.multiplier = multiplier;
        }
        for slot in old.into_iter().filter(|slot| slot.key != u64::FREE) {
            let (at, _) = self.table.search(slot.key);
            self.table.slots[at] = slot;
        }
    }

    /// All edges: node, symbol, node.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, u32, u32)> + Clone + '_ {
        let taken = self.table.slots.iter().filter(|slot| slot.key != u64::FREE);
        taken.map(|slot| ((slot.key >> SYMBOL_BITS) as u32, (slot.key & u64::from(!LISTED)) as u32, slot.next))
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(edges: usize) -> Edges {
        let mut builder = Edges::new(2, edges);
        for word in 0..5_000 {
            let mut node = word % 2;
            for digit in [word / 100, word % 100] {
                node = builder.child(node, digit).unwrap();
            }
            builder.nodes[node as usize].term = word;
        }
        builder
    }

    fn check<K: Key>() {
        let edges = collected(0);
        assert_eq!(edges.iter().count(), edges.len());
        let mut table: Table<K> = Table::new(edges.len(), 7);
        table.fill(edges.iter());
        for word in 0..5_000 {
            let first = table.step(word % 2, word / 100);
            let last = table.step(first, word % 100);
            assert_eq!(edges.nodes[first as usize].term, NONE);
            assert!(!edges.nodes[first as usize].leaf && edges.nodes[last as usize].leaf);
            assert_eq!(edges.nodes[last as usize].term, word);
            assert_eq!(table.step(first, 100), NONE);
        }
        assert_eq!(table.step(0, 50), NONE);
    }

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        check::<u32>();
        check::<u64>();
    }

    /// Children chosen so that the known multiplier puts them all near one place cost no quadratic time.
    #[test]
    fn keys_made_to_collide_do_not_make_it_slow() {
        let colliding = (0..0x11_0000u32).filter(|code| code.mixed(MULTIPLIER) >> 28 == 5);
        let symbols: Vec<u32> = colliding.collect();
        assert!(symbols.len() > 50_000);
        let start = std::time::Instant::now();
        let mut edges = Edges::new(1, symbols.len());
        for symbol in &symbols {
            edges.child(0, *symbol).unwrap();
        }
        let mut table: Table<u32> = Table::new(symbols.len(), 21);
        table.fill(edges.iter());
        assert!(symbols.iter().all(|symbol| table.step(0, *symbol) != NONE));
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }
}
