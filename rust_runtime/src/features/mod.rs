//! Text to numbers: the steps of `proto/README.md`, a file each.

pub(crate) mod hits;
pub(crate) mod lookup;
pub(crate) mod ngrams;
pub(crate) mod normalizer;
pub(crate) mod patterns;
pub(crate) mod tfidf;
pub(crate) mod trie;
pub(crate) mod unicode_tables;
mod unicode_tables_data;
