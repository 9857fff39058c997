//! Packages of rpm: its database `rpmdb.sqlite`, or the list that `rpm -qa` prints.

mod header;
mod sqlite;

use super::{Package, Reading, dpkg::PACKAGES_MAX, lines, some, value};
use model::{Message, Oddity};

/// What `rpm -qa --qf` is asked for, so that [`list`] can read it: name, epoch, version, release, architecture, source
/// and vendor with tabulators between them.
pub const QUERY_FORMAT: &str =
    "%{NAME}\\t%{EPOCHNUM}\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\t%{SOURCERPM}\\t%{VENDOR}\\n";

/// Public keys that are trusted stand among the packages.
const KEYS: &str = "gpg-pubkey";

/// Reads `rpmdb.sqlite`; `log` is what stands in `rpmdb.sqlite-wal`, where there is one, whose pages are later.
pub fn database(bytes: &[u8], log: Option<&[u8]>) -> Reading<Vec<Package>> {
    let mut reading = Reading::<Vec<Package>>::default();
    let mut number = 0;
    let mut broken = Vec::new();
    let walked = sqlite::Database::open(bytes, log).and_then(|database| {
        database.rows("Packages", &mut |row| {
            number += 1;
            match row.last().and_then(|header| header::package(header)) {
                Some(package) if package.name == KEYS => true,
                Some(package) => reading.push(package, PACKAGES_MAX),
                None => {
                    broken.push(number);
                    true
                }
            }
        })
    });
    broken.into_iter().for_each(|number| reading.odd("linux.rpm-header", number));
    if let Err(why) = walked {
        let message = Message::new("linux.database").with("where", why);
        reading.oddities.push(Oddity { message, line: None });
    }
    reading
}

/// Reads the list that `rpm -qa --qf` prints for [`QUERY_FORMAT`].
pub fn list(bytes: &[u8]) -> Reading<Vec<Package>> {
    let mut reading = Reading::<Vec<Package>>::default();
    for (number, line) in lines(bytes).filter(|(_, line)| !line.trim_ascii().is_empty()) {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
        let [name, epoch, version, release, architecture, source, vendor] = fields.as_slice() else {
            reading.odd("linux.no-package", number);
            continue;
        };
        // What is not there is printed so.
        let known = |field: &[u8]| some(field).filter(|text| text != "(none)");
        let (Some(name), Some(_), Some(_)) = (known(name), known(version), known(release)) else {
            reading.odd("linux.no-name", number);
            continue;
        };
        if name == KEYS {
            continue;
        }
        let epoch = value(epoch).parse().unwrap_or(0);
        let package = Package {
            version: version_of(epoch, &value(version), &value(release)),
            architecture: known(architecture),
            source: known(source).and_then(|file| source_of(&file)).filter(|source| *source != name),
            vendor: known(vendor),
            manager: "rpm".to_owned(),
            name,
        };
        if !reading.push(package, PACKAGES_MAX) {
            break;
        }
    }
    reading
}

/// `1:2.0-3.el9`, without an epoch of 0.
fn version_of(epoch: u32, version: &str, release: &str) -> String {
    if epoch == 0 { format!("{version}-{release}") } else { format!("{epoch}:{version}-{release}") }
}

/// The name in `bash-5.1.8-9.el9.src.rpm`.
fn source_of(file: &str) -> Option<String> {
    let (front, _) = file.rsplit_once('-')?;
    let (name, _) = front.rsplit_once('-')?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(reading: &Reading<Vec<Package>>) -> Vec<String> {
        let line = |p: &Package| {
            let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
            format!("{} {} {} {} {}", p.name, p.version, part(&p.architecture), part(&p.source), part(&p.vendor))
        };
        reading.value.iter().map(line).collect()
    }

    #[test]
    fn the_list_of_rpm_is_read() {
        let text = "bash\t0\t5.1.8\t9.el9\tx86_64\tbash-5.1.8-9.el9.src.rpm\tRocky Enterprise Software Foundation\n\
            openssl-libs\t1\t3.0.7\t27.el9\tx86_64\topenssl-3.0.7-27.el9.src.rpm\t(none)\ngpg-pubkey\t0\t1\t2\t(none)\t(none)\t(none)\nhello\n";
        let reading = list(text.as_bytes());
        assert_eq!(
            shown(&reading),
            [
                "bash 5.1.8-9.el9 x86_64 - Rocky Enterprise Software Foundation",
                "openssl-libs 1:3.0.7-27.el9 x86_64 openssl -"
            ]
        );
        assert_eq!(reading.oddities[0].line, Some(4));
    }

    /// A database that rpm 4.18 made of five packages; see `golden/rpm/README.md`.
    const DATABASE: &[u8] = include_bytes!("../../../tests/golden/rpm/rpmdb.sqlite");

    #[test]
    fn a_database_that_rpm_made_is_read_as_rpm_reads_it() {
        let reading = database(DATABASE, None);
        assert!(reading.oddities.is_empty(), "{:?}", reading.oddities);
        let listed = list(include_bytes!("../../../tests/golden/rpm/list.tsv"));
        let (mut ours, mut theirs) = (reading.value, listed.value);
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs);
        assert_eq!(ours.len(), 5);
    }

    /// While rpm has its database open, what it wrote last stands in the log beside it.
    #[test]
    fn what_stands_only_in_the_log_is_read_too() {
        let main = include_bytes!("../../../tests/golden/rpm/rpmdb.sqlite");
        let log = include_bytes!("../../../tests/golden/rpm/rpmdb.sqlite-wal");
        let (without, with) = (database(main, None), database(main, Some(log)));
        assert_eq!((without.value.len(), with.value.len()), (5, 6), "{:?} {:?}", without.oddities, with.oddities);
        for end in (0..log.len()).step_by(997) {
            let cut = database(main, Some(&log[..end]));
            assert!(matches!(cut.value.len(), 5 | 6), "{end}: {cut:?}");
        }
        let mut bent = log.to_vec();
        bent[60] ^= 1;
        assert_eq!(database(main, Some(&bent)).value.len(), 5, "a page whose sum is wrong was never written whole");
    }

    #[test]
    fn a_database_that_is_cut_or_bent_gives_no_more_than_it_has() {
        for end in (0..DATABASE.len()).step_by(509) {
            let reading = database(&DATABASE[..end], None);
            assert!(reading.value.len() <= 5 && !reading.oddities.is_empty(), "{end}");
        }
        for at in 0..4096 {
            let mut bent = DATABASE.to_vec();
            bent[at] ^= 0xff;
            let _ = database(&bent, None);
        }
    }
}
