//! The vocabulary: ids, kinds, terms, the desired graph and live state.
