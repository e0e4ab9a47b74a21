//! Terms and literals as a file has them, made into a lookup.
//!
//! Terms that *N-grams* cannot produce are left out.

use super::messages::PatternGroup;
use super::terms::{Term, Terms, MAX_TERM_BYTES};
use crate::error::{Error, Result};
use crate::features::lookup::{Alphabet, List, Lookup, Walker, CHARS, ENDS, ROOTS, SEQUENCES, STARTS, WORDS};
use crate::features::ngrams::NGramSettings;
use crate::features::normalizer::{is_normalized, BEGIN, END, WORD_MARK};
use crate::features::trie::{Key, Table, LEAF, LISTED, NODE, NONE};

/// A node, and where the edge to it is: a place in the table, or `FIRST` and its symbol.
#[derive(Clone, Copy)]
struct Step {
    node: u32,
    place: usize,
}

const FIRST: usize = 1 << (usize::BITS - 1);
/// No edge leads to a root.
const NOWHERE: usize = usize::MAX;

/// Collects terms, then literals, each in the order of their bytes, so that most steps are those of the one before.
///
/// As a term comes before those it begins, the number of a node never changes.
pub(crate) struct LookupBuilder<K> {
    walker: Walker<K>,
    settings: NGramSettings,
    nodes: u32,
    words: u32,
    /// Nodes and symbols have to be below these to fit into a key.
    limits: (u32, u32),
    full: bool,
    /// Of the term or literal before: by how many characters, the step there.
    path: Vec<Step>,
    /// A list, whether its group wants a whole word, the group.
    endings: Vec<(u32, bool, u32)>,
}

/// Edges of a term or literal, in bytes of which each is at most one character.
const LONGEST: usize = 512;

impl<K: Key> LookupBuilder<K> {
    /// For so many terms in so many bytes, and so many bytes of literals.
    pub(crate) fn new(settings: NGramSettings, terms: usize, bytes: usize, literals: usize) -> LookupBuilder<K> {
        let terms = terms.min(bytes / 3); // the least a term takes; a wrong number is found out when they are counted
        let nodes = ROOTS + LONGEST + bytes - 2 * terms + literals;
        let node_bits = (usize::BITS - nodes.leading_zeros()).min(30);
        let symbol_bits = (K::BITS - node_bits).min(31);
        let walker = Walker {
            table: Table::new(terms + terms / 8 + literals / 5 * 2 + LONGEST, symbol_bits),
            alphabet: Alphabet::new(16 + terms / 64),
            firsts: vec![NONE],
            terms: terms as u32,
            word_max: settings.word_max,
            begin: NONE,
            end: NONE,
            lists: Vec::with_capacity(literals / 6),
            groups: Vec::new(),
        };
        LookupBuilder {
            walker,
            settings,
            nodes: (terms + ROOTS) as u32,
            words: 0,
            limits: (1 << node_bits, 1 << symbol_bits),
            full: terms >= NODE as usize,
            path: vec![Step { node: 0, place: NOWHERE }; MAX_TERM_BYTES + 1],
            endings: Vec::with_capacity(literals / 5),
        }
    }

    fn root(&self, root: u32) -> Step {
        Step { node: self.walker.root(root), place: NOWHERE }
    }

    /// The step from a node by a symbol, made where there is none; `number` is that of a new node, if it has one.
    #[inline]
    fn child(&mut self, from: Step, symbol: u32, number: Option<u32>) -> Step {
        let new = number.unwrap_or(self.nodes);
        let (place, next) = if from.node == self.walker.root(CHARS) {
            let next = &mut self.walker.firsts[symbol as usize];
            if *next == NONE {
                *next = new | LEAF;
            }
            (FIRST | symbol as usize, *next)
        } else {
            self.walker.table.get_or_add(from.node, symbol, new | LEAF)
        };
        let node = next & NODE;
        if node == new {
            self.nodes += u32::from(number.is_none());
            if from.place != NOWHERE {
                *self.at(from.place) &= !LEAF;
            }
        }
        Step { node, place }
    }

    #[inline]
    fn at(&mut self, place: usize) -> &mut u32 {
        match place & FIRST {
            0 => self.walker.table.at(place),
            _ => &mut self.walker.firsts[place & !FIRST],
        }
    }

    #[inline]
    fn symbol(&mut self, char: char) -> u32 {
        let symbol = self.walker.alphabet.add(char as u32);
        if symbol as usize == self.walker.firsts.len() {
            self.walker.firsts.push(NONE);
        }
        symbol
    }

    /// Makes room for another term or literal; false where no more is to be added.
    #[inline]
    fn reserve(&mut self, known: &mut usize) -> bool {
        if self.walker.table.reserve(LONGEST) {
            *known = 0;
        }
        let (nodes, symbols) = self.limits;
        self.full |= self.nodes as usize + LONGEST >= nodes as usize;
        self.full |= self.words.max(self.walker.alphabet.count) as usize + LONGEST >= symbols as usize;
        !self.full
    }

    /// Goes through front-coded terms and gives their number; adds as many as were promised.
    pub(crate) fn add_terms(&mut self, data: &[u8]) -> Result<usize> {
        let mut terms = Terms::new(data);
        self.path[0] = self.root(CHARS);
        let mut known = 0; // so many characters of the term before are in `path`
        let mut index = 0;
        while let Some(Term { chars, shared }) = terms.next()? {
            if index < self.walker.terms && self.reserve(&mut known) {
                known = known.min(shared);
                if chars[0] as u32 == WORD_MARK {
                    self.add_word_term(&chars[1..], index);
                } else if self.is_char_ngram(chars) {
                    self.add_chars(known, chars, Some(index));
                    known = chars.len();
                }
            }
            index += 1;
        }
        Ok(index as usize)
    }

    /// False for terms that no text has as a character n-gram.
    fn is_char_ngram(&self, term: &[char]) -> bool {
        let mark_alone = matches!(term, [mark] if [BEGIN, END].contains(&(*mark as u32)));
        (self.settings.char_min..=self.settings.char_max).contains(&term.len()) && !mark_alone
    }

    /// Steps on from the characters that are in `path`; the last node is that of a term, if there is one.
    #[inline]
    fn add_chars(&mut self, known: usize, chars: &[char], term: Option<u32>) -> Step {
        let mut step = self.path[known];
        for (i, char) in chars.iter().enumerate().skip(known) {
            let symbol = self.symbol(*char);
            step = self.child(step, symbol, if i + 1 == chars.len() { term } else { None });
            self.path[i + 1] = step;
        }
        step
    }

    /// Adds a word n-gram, unless no text has it: `words` are joined by single spaces, and marks stand at the ends.
    fn add_word_term(&mut self, words: &[char], index: u32) {
        let words = words.split(|char| *char == ' ');
        let count = words.clone().count();
        let lengths = self.settings.word_min..=self.settings.word_max;
        if self.settings.word_max == 0 || !lengths.contains(&count) {
            return;
        }
        if count == 1 && words.clone().flatten().all(|char| matches!(*char as u32, BEGIN | END)) {
            return;
        }
        let mut sequence = self.root(SEQUENCES);
        for (i, word) in words.enumerate() {
            let mut step = self.root(WORDS);
            for char in word {
                let symbol = self.symbol(*char);
                step = self.child(step, symbol, None);
            }
            let (_, number) = self.walker.table.get_or_add(step.node, 0, self.words);
            self.words += u32::from(number == self.words);
            sequence = self.child(sequence, number, if i + 1 == count { Some(index) } else { None });
        }
    }

    /// Adds the literals of a group under its number.
    pub(crate) fn add_group(&mut self, number: usize, group: &PatternGroup) -> Result<()> {
        let number = u32::try_from(number).map_err(|_| Error::malformed("more patterns than this runtime holds"))?;
        for (data, root, whole) in [
            (group.start, STARTS, false),
            (group.end, ENDS, false),
            (group.word, CHARS, true),
            (group.anywhere, CHARS, false),
        ] {
            if data.is_empty() {
                continue;
            }
            let (mut literals, mut known) = (Terms::new(data), 0);
            self.path[0] = self.root(root);
            while let Some(Term { chars, shared }) = literals.next()? {
                if !is_normalized(chars, shared) {
                    return Err(Error::malformed("a literal is not normalized text"));
                }
                if !self.reserve(&mut known) {
                    continue;
                }
                let step = if root == ENDS {
                    let mut step = self.root(root);
                    for char in chars.iter().rev() {
                        let symbol = self.symbol(*char);
                        step = self.child(step, symbol, None);
                    }
                    step
                } else {
                    self.add_chars(known.min(shared), chars, None)
                };
                known = chars.len();
                self.end(step, whole, number);
            }
        }
        Ok(())
    }

    /// A literal ends at a node.
    fn end(&mut self, step: Step, whole: bool, group: u32) {
        let Walker { table, lists, .. } = &mut self.walker;
        let (_, list) = table.get_or_add(step.node, 0, lists.len() as u32);
        if list as usize == lists.len() {
            lists.push(List { start: 0, words: 0, end: 0 });
        }
        lists[list as usize].words += u32::from(!whole);
        lists[list as usize].end += 1;
        self.endings.push((list, whole, group));
        *self.at(step.place) |= LISTED;
    }

    /// The lookup, unless there is more than its keys hold.
    pub(crate) fn finish(self) -> Option<Lookup>
    where
        Lookup: From<Walker<K>>,
    {
        if self.full {
            return None;
        }
        let mut walker = self.walker;
        walker.groups = in_lists(&mut walker.lists, &self.endings);
        walker.begin = mark_of(&walker, BEGIN);
        walker.end = mark_of(&walker, END);
        Some(walker.into())
    }
}

/// The symbol of a mark as a word.
fn mark_of<K: Key>(walker: &Walker<K>, code: u32) -> u32 {
    let symbol = walker.alphabet.symbol(code);
    match (symbol, walker.table.step(walker.root(WORDS), symbol)) {
        (0, _) | (_, NONE) => NONE,
        (_, to) => walker.table.step(to & NODE, 0),
    }
}

/// The groups of all lists: of each, those found wherever they stand, then those of whole words. The lists know how
/// many (as `words` and `end`), then where.
fn in_lists(lists: &mut [List], endings: &[(u32, bool, u32)]) -> Vec<u32> {
    let mut start = 0;
    for list in lists.iter_mut() {
        let (words, all) = (start + list.words, list.end);
        *list = List { start, words: start, end: words };
        start += all;
    }
    let mut groups = vec![0; endings.len()];
    for (list, whole, group) in endings {
        let list = &mut lists[*list as usize];
        let place = if *whole { &mut list.end } else { &mut list.words };
        groups[*place as usize] = *group;
        *place += 1;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::hits::Hits;
    use crate::features::normalizer::normalize_into;
    use crate::features::patterns::Done;

    fn front_coded(terms: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for term in terms {
            out.extend([0, term.len() as u8]);
            out.extend_from_slice(term.as_bytes());
        }
        out
    }

    fn lookup<K: Key>() -> Lookup
    where
        Lookup: From<Walker<K>>,
    {
        let settings = NGramSettings { char_min: 1, char_max: 3, word_min: 1, word_max: 2 };
        let terms = ["\u{1}\u{2} ok", "\u{1}ok", "\u{1}ok now", "\u{2}o", "abcd", "k", "ok", "好"];
        let mut builder = LookupBuilder::<K>::new(settings, terms.len(), 1 << 12, 0);
        assert_eq!(builder.add_terms(&front_coded(&terms)).unwrap(), 8);
        let (start, end, word) = (front_coded(&["ok"]), front_coded(&["now", "好"]), front_coded(&["k", "now"]));
        let group = PatternGroup { start: &start, end: &end, ..PatternGroup::default() };
        builder.add_group(8, &group).unwrap();
        builder.add_group(9, &PatternGroup { word: &word, ..PatternGroup::default() }).unwrap();
        builder.add_group(10, &PatternGroup { anywhere: &word, ..PatternGroup::default() }).unwrap();
        builder.finish().unwrap()
    }

    #[test]
    fn small_and_large_keys_find_the_same() {
        let lookups = [lookup::<u32>(), lookup::<u64>()];
        assert!(matches!(lookups, [Lookup::Small(_), Lookup::Large(_)]));
        for lookup in lookups {
            let (mut marked, mut symbols, mut items) = (Vec::new(), Vec::new(), Vec::new());
            let (mut done, mut hits, mut indices) = (Done::default(), Hits::default(), Vec::new());
            for (text, expected) in [
                ("", vec![]),
                ("ok", vec![0, 1, 3, 5, 6, 8, 10]),
                ("OK now!", vec![0, 1, 2, 3, 5, 6, 8, 9, 10]),
                ("好", vec![7, 8]),
                ("okay", vec![3, 5, 6, 10]),
                ("abcd x", vec![]),
                ("...k", vec![5, 9, 10]),
            ] {
                normalize_into(text, &mut marked);
                hits.prepare(11, 8, false);
                done.prepare(lookup.list_count());
                lookup.find(&marked, &mut symbols, &mut items, &mut done, &mut hits);
                done.clear();
                hits.drain_into(&mut indices);
                assert_eq!(indices, expected, "{:?}", text);
            }
        }
    }

    #[test]
    fn what_small_keys_do_not_hold_is_left_to_large_ones() {
        fn lookup<K: Key>(data: &[u8], count: usize) -> Option<Lookup>
        where
            Lookup: From<Walker<K>>,
        {
            let settings = NGramSettings { char_min: 1, char_max: 1, word_min: 1, word_max: 0 };
            let mut builder = LookupBuilder::<K>::new(settings, count, data.len(), 0);
            assert_eq!(builder.add_terms(data).unwrap(), count);
            builder.finish()
        }
        let han: Vec<String> = ('\u{4e00}'..='\u{9fff}').map(String::from).collect();
        let hangul: Vec<String> = ('\u{ac00}'..='\u{d7a3}').map(String::from).collect();
        let terms: Vec<&str> = han.iter().chain(&hangul).map(String::as_str).collect();
        let data = front_coded(&terms);
        assert!(lookup::<u32>(&front_coded(&terms[..9_000]), 9_000).is_some());
        assert!(lookup::<u32>(&data, terms.len()).is_none());
        let large = lookup::<u64>(&data, terms.len()).unwrap();
        let (mut marked, mut done, mut hits, mut indices) = (vec![], Done::default(), Hits::default(), vec![]);
        normalize_into("一\u{9fff}가a", &mut marked);
        hits.prepare(terms.len(), terms.len(), false);
        done.prepare(0);
        large.find(&marked, &mut Vec::new(), &mut Vec::new(), &mut done, &mut hits);
        hits.drain_into(&mut indices);
        assert_eq!(indices, [0, han.len() as u32 - 1, han.len() as u32]);
    }

    #[test]
    fn a_literal_has_to_be_normalized() {
        let settings = NGramSettings { char_min: 1, char_max: 3, word_min: 1, word_max: 2 };
        for literal in ["A", " a", "a  b", "a…", "\u{2}a"] {
            let word = front_coded(&[literal]);
            let group = PatternGroup { word: &word, ..PatternGroup::default() };
            let error = LookupBuilder::<u32>::new(settings, 0, 0, 9).add_group(0, &group).unwrap_err();
            assert_eq!(error.to_string(), "a literal is not normalized text");
        }
    }
}
