//! The list of packages that dpkg keeps (`/var/lib/dpkg/status`, deb822 paragraphs).

use super::{Package, Reading, lines, some};

/// Packages of one machine; more are no machine's.
pub const PACKAGES_MAX: usize = 50_000;

/// Reads the list. A package that was removed and left its settings is not installed; one that is half there is told.
pub fn read(bytes: &[u8]) -> Reading<Vec<Package>> {
    let mut reading = Reading::<Vec<Package>>::default();
    let mut entry = Entry::default();
    for (number, line) in lines(bytes) {
        if line.trim_ascii().is_empty() {
            if !std::mem::take(&mut entry).close(&mut reading) {
                return reading;
            }
        } else if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            entry.line(line, number, &mut reading);
        }
    }
    // The file ends with an empty line; a copy that broke off does not, and its last entry may lack anything.
    if entry.begun && !bytes.ends_with(b"\n") {
        reading.odd("linux.cut", entry.first);
    }
    entry.close(&mut reading);
    reading
}

#[derive(Default)]
struct Entry {
    begun: bool,
    first: u64,
    package: Package,
    state: Option<String>,
}

impl Entry {
    fn line(&mut self, line: &[u8], number: u64, reading: &mut Reading<Vec<Package>>) {
        if !std::mem::replace(&mut self.begun, true) {
            self.first = number;
            "dpkg".clone_into(&mut self.package.manager);
        }
        let Some(at) = line.iter().position(|byte| *byte == b':') else {
            return reading.odd("linux.no-field", number);
        };
        let (key, rest) = line.split_at(at);
        let text = some(rest.get(1..).unwrap_or_default());
        match key {
            b"Package" => self.package.name = text.unwrap_or_default(),
            b"Version" => self.package.version = text.unwrap_or_default(),
            b"Architecture" => self.package.architecture = text,
            // With its version in brackets where that differs.
            b"Source" => {
                self.package.source = text.and_then(|text| text.split_whitespace().next().map(str::to_owned));
            }
            b"Status" => self.state = text,
            _ => {}
        }
    }

    /// False when there is no more room.
    fn close(self, reading: &mut Reading<Vec<Package>>) -> bool {
        if !self.begun {
            return true;
        }
        let state = self.state.as_deref().and_then(|state| state.split_whitespace().nth(2));
        match state {
            Some("installed" | "triggers-awaited" | "triggers-pending") => {}
            Some("config-files" | "not-installed") => return true,
            // Its files may be there, so it counts as there.
            Some("half-installed" | "unpacked" | "half-configured") => reading.odd("linux.half-installed", self.first),
            _ => {
                reading.odd("linux.no-state", self.first);
                return true;
            }
        }
        if self.package.name.is_empty() || self.package.version.is_empty() {
            reading.odd("linux.no-name", self.first);
            return true;
        }
        reading.push(self.package, PACKAGES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\nSource: glibc\n\
        Version: 2.36-9+deb12u9\nDescription: GNU C Library\n Package: not this\n .\n\nPackage: gone\nStatus: deinstall ok config-files\n\
        Version: 1\n\nPackage: torn\nStatus: install reinstreq half-installed\nArchitecture: all\nVersion: 2\n\n\
        Package: libzstd1\nStatus: hold ok installed\nSource: libzstd (1.5.4+dfsg2-5)\nVersion: 1.5.4+dfsg2-5\n\n";

    fn shown(bytes: &[u8]) -> Vec<String> {
        let packages = read(bytes).value.into_iter();
        packages.map(|p| format!("{} {} {}", p.name, p.version, p.source.as_deref().unwrap_or("-"))).collect()
    }

    #[test]
    fn installed_packages_are_listed_and_removed_ones_are_not() {
        let reading = read(STATUS.as_bytes());
        assert_eq!(
            shown(STATUS.as_bytes()),
            ["libc6 2.36-9+deb12u9 glibc", "torn 2 -", "libzstd1 1.5.4+dfsg2-5 libzstd"]
        );
        assert_eq!(reading.oddities.len(), 1);
        assert_eq!(
            (reading.oddities[0].message.code.as_str(), reading.oddities[0].line),
            ("linux.half-installed", Some(15))
        );
        let windows = STATUS.replace('\n', "\r\n");
        assert_eq!(shown(windows.as_bytes()), shown(STATUS.as_bytes()));
    }

    #[test]
    fn a_list_that_breaks_off_is_never_longer_than_the_whole() {
        let whole = shown(STATUS.as_bytes());
        for end in 0..STATUS.len() {
            let reading = read(&STATUS.as_bytes()[..end]);
            assert!(reading.value.len() <= whole.len());
        }
        let cut = read(&STATUS.as_bytes()[..STATUS.len() - 4]);
        assert!(cut.oddities.iter().any(|odd| odd.message.code == "linux.cut"), "{cut:?}");
    }

    #[test]
    fn a_list_without_end_stops_at_its_limit() {
        let text = "Package: a\nStatus: install ok installed\nVersion: 1\n\n".repeat(PACKAGES_MAX + 5);
        let reading = read(text.as_bytes());
        assert_eq!((reading.value.len(), reading.oddities.len()), (PACKAGES_MAX, 1));
        assert_eq!(reading.oddities[0].message.code, "linux.list-full");
    }
}
