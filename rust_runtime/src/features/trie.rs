//! Several tries in one open-addressing table: from a node, by a symbol, to a node.
//!
//! The key of an edge is its node and symbol themselves, so what is found is what was asked for and no string is ever
//! compared. Symbols are numbered from 1, and nodes so that the node where a term ends has the term's number: a table is
//! small.

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
    /// Bits of a node and a symbol together.
    const BITS: u32;
    fn of(node: u32, symbol: u32, symbol_bits: u32) -> Self;
    /// 32 well mixed bits.
    fn mixed(self, multiplier: u64) -> u32;
}

impl Key for u32 {
    const FREE: u32 = u32::MAX;
    const BITS: u32 = 31;

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
    const BITS: u32 = 61;

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
    count: usize,
    symbol_bits: u32,
    multiplier: u64,
    /// A search was longer than it should be.
    long: bool,
}

impl<K: Key> Table<K> {
    /// An empty table for about so many edges, whose symbols have so many bits; the emptier, the shorter a search.
    pub(crate) fn new(edges: usize, symbol_bits: u32) -> Table<K> {
        let slots = vec![Slot { key: K::FREE, next: NONE }; edges * 5 / 2 + 16];
        Table { slots, count: 0, symbol_bits, multiplier: MULTIPLIER, long: false }
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

    /// Room for so many edges more; true where edges have other places now.
    #[inline]
    pub(crate) fn reserve(&mut self, edges: usize) -> bool {
        let (size, count) = (self.slots.len(), self.count);
        if (count + edges) * 4 > size * 3 {
            self.rehash(size + size / 2 + edges * 2, false);
            true
        } else if self.long {
            self.rehash(if count * 2 > size { size * 2 } else { size }, true);
            true
        } else {
            false
        }
    }

    /// The place of an edge and where it leads; where there is none, it is made and leads to `next`. There has to be room.
    #[inline]
    pub(crate) fn get_or_add(&mut self, node: u32, symbol: u32, next: u32) -> (usize, u32) {
        let key = K::of(node, symbol, self.symbol_bits);
        let (at, probes) = self.search(key);
        let slot = &mut self.slots[at];
        if slot.key == K::FREE {
            *slot = Slot { key, next };
            self.count += 1;
            self.long |= probes > LONGEST_PROBE;
        }
        (at, slot.next)
    }

    /// Where the edge at a place leads.
    #[inline]
    pub(crate) fn at(&mut self, place: usize) -> &mut u32 {
        &mut self.slots[place].next
    }

    /// The slot of an edge, or the free one where it would be; how many others were looked at.
    #[inline]
    fn search(&self, key: K) -> (usize, usize) {
        let (mut at, mut probes) = (self.place(key), 0);
        while let Some(slot) = self.slots.get(at) {
            if slot.key == key || slot.key == K::FREE {
                return (at, probes);
            }
            at += 1;
            probes += 1;
            if at == self.slots.len() {
                at = 0;
            }
        }
        (at, probes)
    }

    fn rehash(&mut self, size: usize, other_multiplier: bool) {
        if other_multiplier {
            self.multiplier = RandomState::new().build_hasher().finish() | 1;
        }
        self.long = false;
        let old = std::mem::replace(&mut self.slots, vec![Slot { key: K::FREE, next: NONE }; size]);
        for slot in old.into_iter().filter(|slot| slot.key != K::FREE) {
            let (at, _) = self.search(slot.key);
            self.slots[at] = slot;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two tries of numbers of two digits, each digit below 100.
    fn check<K: Key>() {
        let mut table: Table<K> = Table::new(0, 7);
        let (mut edges, mut nodes) = (Vec::new(), 2);
        for word in 0..5_000 {
            table.reserve(2);
            let mut node = word % 2;
            for digit in [word / 100, word % 100] {
                let (place, next) = table.get_or_add(node, digit, nodes);
                assert_eq!(*table.at(place), next);
                if next == nodes {
                    nodes += 1;
                    edges.push((node, digit, next));
                }
                node = next;
            }
        }
        assert_eq!((edges.len(), table.count), (5_100, 5_100));
        assert!(table.slots.len() < 5_100 * 3);
        for (node, symbol, next) in edges {
            assert_eq!((table.step(node, symbol), table.step(next, 100)), (next, NONE));
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
        let mut table: Table<u32> = Table::new(0, 21);
        for symbol in &symbols {
            table.reserve(255);
            table.get_or_add(0, *symbol, 1);
        }
        assert!(table.multiplier != MULTIPLIER && table.slots.len() < symbols.len() * 6);
        assert!(symbols.iter().all(|symbol| table.step(0, *symbol) == 1));
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }
}
