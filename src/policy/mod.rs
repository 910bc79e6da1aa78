//! API Management policy documents: read, written, compared.
