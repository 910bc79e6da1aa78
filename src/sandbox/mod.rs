//! The Azure embedded in the binary: control plane on disk behind TLS on loopback.
