//! Importers: files from outside to knowledge.
