//! CISA Known Exploited Vulnerabilities.
