//! Words for people: plurals, lists of names, the nearest name.
