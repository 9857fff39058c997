//! The Microsoft catalogue: products, vulnerabilities, updates and what supersedes what.
