//! Notebooks of OneNote (MS-ONESTORE): files that were put into pages, their names, and what is written on the pages. A
//! notebook is kept in one of two forms: as a store of revisions, or packaged as servers send it (MS-FSSHTTPB).

mod package;
mod properties;
mod store;

#[cfg(test)]
mod tests;

use crate::budget::Budget;
use crate::bytes::has;
use crate::gather::Gathered;
use crate::limits::Limit;
use crate::reading::Reading;
use crate::unpack::damaged;
use crate::vector::{State, Value, vectors};

vectors! { "onenote":
    "form" text "How it is kept: `store` or `package`.";
    "embedded" integer "Files that are embedded.";
    "files" texts "Names of embedded files, and where they came from.";
    "titles" texts "Titles of pages.";
    "texts" texts "What is written on pages.";
    "authors" texts "Who wrote it.";
    "links" texts "Addresses that it leads to.";
}

/// Forms by the identifier that stands behind that of the file (MS-ONESTORE, sections 2.3.1 and 2.8.1).
const STORE: [u8; 16] =
    [0x3f, 0xdd, 0x9a, 0x10, 0x1b, 0x91, 0xf5, 0x49, 0xa5, 0xd0, 0x17, 0x91, 0xed, 0xc8, 0xae, 0xd8];
const PACKAGE: [u8; 16] =
    [0x2f, 0xe9, 0x8d, 0x63, 0xd4, 0xa6, 0xc1, 0x4b, 0x9a, 0x36, 0xb3, 0xfc, 0x25, 0x11, 0xa5, 0xb7];
const FORM_AT: usize = 48;
/// Files of one notebook, and texts of one list.
const FILES_MAX: usize = 5000;
const TEXTS_MAX: usize = 2000;

/// Takes a notebook apart.
pub fn read(bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    let mut pages = Pages::default();
    let ended = if has(bytes, FORM_AT, &PACKAGE) {
        reading.know(NAMESPACE, "form", "package");
        package::read(bytes, &mut pages, budget, &mut reading)
    } else {
        if has(bytes, FORM_AT, &STORE) {
            reading.know(NAMESPACE, "form", "store");
        } else {
            reading.state(NAMESPACE, "form", State::Failed(damaged()), Some(FORM_AT as u64));
        }
        store::read(bytes, &mut pages, budget, &mut reading)
    };
    pages.state(&mut reading);
    if let Err(limit) = ended {
        reading.state(NAMESPACE, "embedded", State::Limited(limit), None);
    }
    reading
}

/// What is gathered from all pages.
struct Pages {
    embedded: usize,
    files: Gathered,
    titles: Gathered,
    texts: Gathered,
    authors: Gathered,
    links: Gathered,
}

impl Default for Pages {
    fn default() -> Self {
        let list = || Gathered::new(TEXTS_MAX);
        Pages { embedded: 0, files: list(), titles: list(), texts: list(), authors: list(), links: list() }
    }
}

impl Pages {
    /// Counts one more file, and gives a name to one that has none.
    fn file(&mut self, name: Option<&str>) -> Result<String, Limit> {
        self.embedded += 1;
        if self.embedded > FILES_MAX {
            return Err(Limit::Entries);
        }
        // Paths are told as a fact; an extension alone is no name.
        let name = name.filter(|name| !name.is_empty());
        Ok(match name {
            Some(name) if !name.starts_with('.') => name.to_owned(),
            other => format!("file-{}{}", self.embedded, other.unwrap_or_default()),
        })
    }

    fn state(self, reading: &mut Reading) {
        reading.know(NAMESPACE, "embedded", Value::unsigned(self.embedded as u64));
        for (list, name) in [
            (self.files, "files"),
            (self.titles, "titles"),
            (self.texts, "texts"),
            (self.authors, "authors"),
            (self.links, "links"),
        ] {
            list.state(reading, NAMESPACE, name);
        }
    }
}
