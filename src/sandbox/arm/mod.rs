//! Azure Resource Manager: carries the behaviour rows out.

pub(crate) mod id;
