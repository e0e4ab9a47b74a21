//! Terms and literals as a file has them, made into a lookup.
//!
//! Terms that *N-grams* cannot produce are left out.

use super::messages::PatternGroup;
use super::terms::{unfolded_size, Budget, Term, Terms, MAX_TERM_BYTES};
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
const NO_STEP: Step = Step { node: 0, place: NOWHERE };

/// After some characters of a word term.
#[derive(Clone, Copy)]
struct Inside {
    /// The words before, as a path from `SEQUENCES`.
    sequence: Step,
    /// How many they are.
    before: usize,
    /// The word so far, as a path from `WORDS`.
    word: Step,
}

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
    /// The same of the word term before.
    inside: Vec<Inside>,
    /// What literals may still unfold to.
    literals: Budget,
    /// A list, whether its group wants a whole word, the group.
    endings: Vec<(u32, bool, u32)>,
}

/// Edges of a term or literal, in bytes of which each is at most one character.
const LONGEST: usize = 512;

impl<K: Key> LookupBuilder<K> {
    /// For so many terms in so many bytes, and the literals of these groups.
    pub(crate) fn new(
        settings: NGramSettings,
        terms: usize,
        bytes: usize,
        groups: &[&[PatternGroup]],
    ) -> LookupBuilder<K> {
        let terms = terms.min(bytes / 3); // the least a term takes; a wrong number is found out when they are counted
        let groups = || groups.iter().copied().flatten();
        let literals = groups().map(|g| g.start.len() + g.end.len() + g.word.len() + g.anywhere.len()).sum::<usize>();
        let node_bits = if K::BITS > 31 {
            30
        } else {
            // Every term has a number. Nodes where none ends belong to different beginnings of terms and literals, each
            // with a byte of its own in the file; only literals at the end, which stand backwards, share nothing there.
            let ends = groups().map(|group| unfolded_size(group.end)).sum::<usize>();
            let nodes = terms + ROOTS + LONGEST + (bytes - 2 * terms) + literals + ends;
            (usize::BITS - nodes.leading_zeros()).min(30)
        };
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
            path: vec![NO_STEP; MAX_TERM_BYTES + 1],
            inside: vec![Inside { sequence: NO_STEP, before: 0, word: NO_STEP }; MAX_TERM_BYTES],
            literals: Budget::LITERALS,
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
        let mut terms = Terms::new(data, Budget::TERMS);
        self.path[0] = self.root(CHARS);
        self.inside[0] = Inside { sequence: self.root(SEQUENCES), before: 0, word: self.root(WORDS) };
        let mut known = 0; // so many characters of the term before are in `path` or, of a word term, in `inside`
        let mut index = 0;
        while let Some(Term { chars, shared }) = terms.next()? {
            if index < self.walker.terms && self.reserve(&mut known) {
                known = known.min(shared);
                if chars[0] as u32 == WORD_MARK {
                    let inside = known.saturating_sub(1);
                    if self.is_word_ngram(inside, &chars[1..]) {
                        self.add_word_term(inside, &chars[1..], index);
                        known = chars.len();
                    }
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

    /// False for terms that no text has as a word n-gram: `words` are joined by single spaces, with marks at the ends.
    fn is_word_ngram(&self, known: usize, words: &[char]) -> bool {
        let spaces = words[known..].iter().filter(|char| **char == ' ').count();
        let count = self.inside[known].before + spaces + 1;
        let marks_alone = count == 1 && words.iter().all(|char| matches!(*char as u32, BEGIN | END));
        let lengths = self.settings.word_min..=self.settings.word_max;
        self.settings.word_max > 0 && lengths.contains(&count) && !marks_alone
    }

    /// Steps on from the characters that are in `inside`; the last word's node in the sequence is that of the term.
    fn add_word_term(&mut self, known: usize, words: &[char], index: u32) {
        let mut inside = self.inside[known];
        for (i, char) in words.iter().enumerate().skip(known) {
            if *char == ' ' {
                let sequence = self.add_word(inside, None);
                inside = Inside { sequence, before: inside.before + 1, word: self.root(WORDS) };
            } else {
                let symbol = self.symbol(*char);
                inside.word = self.child(inside.word, symbol, None);
            }
            self.inside[i + 1] = inside;
        }
        self.add_word(inside, Some(index));
    }

    /// The step in the sequence by the word that ends here.
    fn add_word(&mut self, Inside { sequence, word, .. }: Inside, term: Option<u32>) -> Step {
        let (_, number) = self.walker.table.get_or_add(word.node, 0, self.words);
        self.words += u32::from(number == self.words);
        self.child(sequence, number, term)
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
            let (mut literals, mut known) = (Terms::new(data, self.literals), 0);
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
            self.literals = literals.budget;
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
mod tests;
