//! Honest work under guard: nobody is stopped, and all comes out as it does where nobody guards.

use crate::disks::{Disk, Kind};
use crate::documents::{self, Document};
use crate::guard::Guard;
use crate::honest;
use crate::manifest::Manifest;
use crate::needs;
use crate::scrambler::Start;
use crate::yard::Yard;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(120);

/// One kind of work, in the words of a shell, done in a directory of documents. `$SPARE` is a directory elsewhere.
struct Load {
    name: &'static str,
    /// What must be installed: a program and its package.
    needs: (&'static str, &'static str),
    script: &'static str,
    after: After,
}

enum After {
    /// Everything is, byte for byte, as it is after the same work elsewhere.
    Same,
    /// As `Same`, and what was there before still is.
    SameAndKept,
    /// What comes out differs each time (salts, times), but what was there before still is, and this script agrees.
    Kept(&'static str),
    /// What comes out differs each time, but this script agrees.
    Check(&'static str),
}
use After::*;

const COREUTILS: (&str, &str) = ("rm", "coreutils");

const LOADS: &[Load] = &[
    Load { name: "zip", needs: ("zip", "zip"), script: "zip -qr all.zip letters photos projects", after: Kept("unzip -tq all.zip") },
    Load {
        name: "zip that takes the originals",
        needs: ("zip", "zip"),
        script: "zip -qrm letters.zip letters",
        after: Check("unzip -tq letters.zip && test ! -e letters"),
    },
    Load {
        name: "tar",
        needs: ("tar", "tar"),
        script: "tar czf all.tgz letters accounts photos mail && mkdir unpacked && tar xzf all.tgz -C unpacked",
        after: Kept("diff -r letters unpacked/letters && diff -r accounts unpacked/accounts"),
    },
    Load { name: "gzip of a folder", needs: ("gzip", "gzip"), script: "gzip -n -r letters accounts", after: Same },
    Load {
        name: "git",
        needs: ("git", "git"),
        script: "export HOME=$SPARE GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a
            git init -q origin && cp -r letters photos projects origin && cd origin && git add . && git commit -qm one &&
            git checkout -qb other && for f in $(git ls-files -- '*.txt' '*.md'); do echo more >> $f; done &&
            git commit -qam two && git rm -rq photos && git commit -qm three && git checkout -q - && cd .. &&
            git clone -q --no-hardlinks origin cloned && cd cloned && git checkout -q other && git checkout -q - &&
            git gc -q --aggressive --prune=now && git repack -qadf",
        after: Kept("git -C cloned fsck --strict && git -C origin fsck --strict && test -z \"$(git -C cloned status --porcelain)\""),
    },
    Load {
        name: "gcc",
        needs: ("gcc", "gcc"),
        script: "mkdir c && cd c && for n in $(seq 30); do
                printf '#include <stdio.h>\\nint f%d(int x) { printf(\"%%d \", x); return x * %d; }\\n' $n $n > f$n.c; done &&
            { echo 'int main(void) { int s = 0;'; for n in $(seq 30); do echo \"extern int f$n(int); s += f$n($n);\"; done
              echo 'return s != 9455; }'; } > main.c &&
            for f in *.c; do gcc -O1 -c $f || exit; done && ar rcD all.a f*.o && gcc main.o all.a -o all && ./all > said && rm *.o",
        after: SameAndKept,
    },
    Load {
        name: "sqlite3",
        needs: ("sqlite3", "sqlite3"),
        script: "for n in $(seq 60); do sqlite3 accounts/ledger.sqlite \"UPDATE ledger SET sum = sum + $n WHERE id % 7 = $n % 7\"; done &&
            sqlite3 accounts/ledger.sqlite 'PRAGMA journal_mode=WAL; DELETE FROM ledger WHERE id % 5 = 0; PRAGMA journal_mode=DELETE;' &&
            sqlite3 accounts/ledger.sqlite VACUUM && sqlite3 accounts/ledger.sqlite .dump > accounts/ledger.sql",
        after: Same,
    },
    Load {
        name: "rsync",
        needs: ("rsync", "rsync"),
        script: "rsync -a letters photos accounts copy/ && find letters -name '*.txt' -exec sh -c 'echo more >> \"$1\"' sh {} \\; &&
            rm -r photos/office && rsync -ac --delete letters photos accounts copy/ && rsync -ac --inplace copy/letters/ photos/",
        after: Same,
    },
    Load {
        name: "gpg",
        needs: ("gpg", "gnupg"),
        script: "export GNUPGHOME=$SPARE/gnupg && mkdir -m 700 $GNUPGHOME &&
            find letters -type f | head -n 25 > $SPARE/list && while read -r f; do
                gpg --batch --quiet --pinentry-mode loopback --passphrase x --s2k-count 65536 --symmetric \"$f\" || exit; done < $SPARE/list
            gpgconf --kill all",
        after: Kept(
            "export GNUPGHOME=$SPARE/gnupg; while read -r f; do
                gpg --batch --quiet --pinentry-mode loopback --passphrase x -d \"$f.gpg\" | cmp - \"$f\" || exit; done < $SPARE/list
            gpgconf --kill all",
        ),
    },
    Load {
        name: "openssl",
        needs: ("openssl", "openssl"),
        script: "find letters photos -type f -exec openssl enc -aes-256-cbc -nosalt -pbkdf2 -pass pass:x -in {} -out {}.enc \\;",
        after: SameAndKept,
    },
    Load {
        name: "dpkg-deb",
        needs: ("dpkg-deb", "dpkg"),
        script: "mkdir -p p/DEBIAN p/usr/share/p && cp -r letters photos p/usr/share/p &&
            printf 'Package: p\\nVersion: 1\\nArchitecture: all\\nMaintainer: a <a@example.test>\\nDescription: p\\n' > p/DEBIAN/control &&
            dpkg-deb -b p p.deb > /dev/null && dpkg-deb -x p.deb unpacked && rm -r p",
        after: Kept("diff -r letters unpacked/usr/share/p/letters && diff -r photos unpacked/usr/share/p/photos"),
    },
    // It looks at links before it opens anything, and leaves out a log that has two unless it is told not to mind.
    Load {
        name: "logrotate",
        needs: ("logrotate", "logrotate"),
        script: "mkdir -m 755 logs && for n in $(seq 24); do for line in $(seq 300); do echo \"line $line of $n\"; done > logs/$n.log; done
            printf '%s/logs/1*.log {\\nrotate 3\\ncompress\\nallowhardlink\\ncopytruncate\\n}\\n%s/logs/[2-9]*.log {\\nrotate 3\\ncompress\\nallowhardlink\\ncreate\\n}\\n' \
                \"$PWD\" \"$PWD\" > $SPARE/rotate && chmod 644 $SPARE/rotate &&
            for day in 1 2 3 4 5; do logrotate -f -s $SPARE/state $SPARE/rotate || exit
                for n in $(seq 24); do echo \"day $day\" >> logs/$n.log; done; done",
        after: Kept("gzip -t logs/*.gz && test $(ls logs | wc -l) = 96"),
    },
    Load {
        name: "mogrify",
        needs: ("mogrify", "imagemagick"),
        script: "find . -name '*.png' -exec mogrify -strip -define png:exclude-chunks=date,time -flip {} +",
        after: Same,
    },
    Load {
        name: "an editor's save",
        needs: COREUTILS,
        script: "find letters accounts projects -name '*.txt' -o -name '*.md' -o -name '*.csv' -o -name '*.html' | while read -r f; do
                sed 's/payment/settlement/' \"$f\" > \"$f.swp\" && sync \"$f.swp\" && mv \"$f.swp\" \"$f\" || exit; done",
        after: Same,
    },
    Load {
        name: "an editor with a backup",
        needs: COREUTILS,
        script: "find letters accounts -name '*.txt' -o -name '*.md' -o -name '*.json' | while read -r f; do
                cp -p \"$f\" \"$f~\" && sed 's/the/a/' \"$f~\" > \"$f\" && rm \"$f~\" || exit; done",
        after: Same,
    },
    Load {
        name: "sed in place",
        needs: ("sed", "sed"),
        script: "find . -name '*.html' -o -name '*.csv' -o -name '*.rs' | xargs -d '\\n' sed -i 's/1/2/g'",
        after: Same,
    },
    Load {
        name: "an office's save",
        needs: ("zip", "zip"),
        script: "find \"$PWD\" -name '*.docx' | while read -r f; do rm -rf $SPARE/x && mkdir $SPARE/x && cd $SPARE/x && unzip -q \"$f\" &&
                sed -i 's/payment/settlement/g' word/document.xml && zip -qr \"$f.tmp\" . && mv \"$f.tmp\" \"$f\" || exit; done",
        after: Check("find . -name '*.docx' | while read -r f; do unzip -tq \"$f\" || exit; done"),
    },
    Load { name: "rm", needs: COREUTILS, script: "rm -r letters photos && find accounts -name '*.pdf' -exec rm {} \\;", after: Same },
    Load {
        name: "mv",
        needs: COREUTILS,
        script: "find letters photos accounts -type f -name '*-*' | while read -r f; do mv -- \"$f\" \"$f.old\" || exit; done && mv letters old",
        after: Same,
    },
    Load {
        name: "cp and dd",
        needs: COREUTILS,
        script: "cp -a letters copy && cp -r --reflink=auto accounts again && dd if=/dev/zero of=zero bs=64k count=300 status=none &&
            dd if=zero of=zero bs=64k seek=10 count=20 conv=notrunc status=none && truncate -s 1000 zero",
        after: SameAndKept,
    },
];

fn every_load(kind: Kind, guarded: bool) {
    let Some(disk) = Disk::new(kind) else { return };
    let (yard, documents) = (Yard::make(&disk.path()), documents::without_big(21));
    let mut misses = Vec::new();
    for load in LOADS {
        if !needs::tool(load.needs.0, load.needs.1) {
            continue;
        }
        yard.clear();
        let said = load.run(&yard, &documents, guarded);
        println!("{kind:?} {}: {}", load.name, said.as_ref().map_or_else(String::as_str, |()| "as it was meant"));
        misses.extend(said.err().map(|why| format!("{}: {why}", load.name)));
    }
    yard.clear();
    let said = unknown_program(&yard, &documents, guarded);
    misses.extend(said.err().map(|why| format!("an honest program that nobody knows: {why}")));
    assert!(misses.is_empty(), "{kind:?}:\n{}", misses.join("\n"));
}

impl Load {
    /// Does the work twice, elsewhere and in the documents, and says what is wrong with the second.
    fn run(&self, yard: &Yard, documents: &[Document], guarded: bool) -> Result<(), String> {
        let elsewhere = yard.root.join("outside/elsewhere");
        std::fs::create_dir(&elsewhere).unwrap();
        documents::put(documents, &elsewhere);
        let (spare, spare_elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        shell(self.script, &elsewhere, &spare_elsewhere).map_err(|why| format!("elsewhere: {why}"))?;

        documents::put(documents, &yard.documents());
        let before = Manifest::of(&yard.documents());
        under_guard(yard, guarded, || shell(self.script, &yard.documents(), &spare))?;
        let (now, there) = (Manifest::of(&yard.documents()), Manifest::of(&elsewhere));
        let changes = before.changes_until(&now);
        if changes.lost.is_empty() && changes.extra.is_empty() {
            return Err("no work was done".to_owned());
        }
        if let Same | SameAndKept = self.after {
            same(&there, &now)?;
        }
        if matches!(self.after, SameAndKept | Kept(_)) && !changes.lost.is_empty() {
            return Err(format!("lost {:?}", changes.lost));
        }
        match self.after {
            Kept(script) | Check(script) => shell(script, &yard.documents(), &spare),
            Same | SameAndKept => Ok(()),
        }
    }
}

fn unknown_program(yard: &Yard, documents: &[Document], guarded: bool) -> Result<(), String> {
    let elsewhere = yard.root.join("outside/elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let elsewhere = Yard::make(&elsewhere);
    documents::put(documents, &elsewhere.documents());
    documents::put(documents, &yard.documents());
    let work = |yard: &Yard| {
        let running = Start::new(honest::WAY, yard).go();
        let gone = running.gone(LIMIT);
        if gone && running.last() == "done" { Ok(()) } else { Err(format!("gone: {gone}, said: `{}`", running.last())) }
    };
    work(&elsewhere).map_err(|why| format!("elsewhere: {why}"))?;
    under_guard(yard, guarded, || work(yard))?;
    same(&Manifest::of(&elsewhere.documents()), &Manifest::of(&yard.documents()))
}

/// Nobody may be stopped meanwhile.
fn under_guard(yard: &Yard, guarded: bool, work: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    if !guarded {
        return work();
    }
    let guard = Guard::start(&[yard.documents()], &yard.state()).unwrap();
    let worked = work();
    let ended = guard.stop()?;
    if let Some(event) = ended.all("tripped").next() {
        return Err(format!("stopped: {event}"));
    }
    if ended.status.code() != Some(0) || ended.all("no JSON").count() > 0 {
        return Err(format!("the guard ended with {} and {:?}", ended.status, ended.events));
    }
    worked
}

fn same(there: &Manifest, here: &Manifest) -> Result<(), String> {
    let changes = there.changes_until(here);
    if changes.lost.is_empty() && changes.extra.is_empty() && changes.modes.is_empty() {
        return Ok(());
    }
    Err(format!("not as elsewhere: {:?}, beyond {:?}, rights {:?}", changes.lost, changes.extra, changes.modes))
}

/// A person's shell: in a session of its own, and not the child of a program that nobody knows.
fn shell(script: &str, folder: &Path, spare: &TempDir) -> Result<(), String> {
    let said = spare.path().join("said");
    let _ = std::fs::remove_file(&said);
    // The end is heard by the pipe, which the last process of it closes.
    let whole = format!("( set -e\n{script}\n) ; echo $? > \"$SPARE/said\"");
    let output = Command::new("setsid")
        .args(["--fork", "sh", "-c", &whole])
        .current_dir(folder)
        .env("SPARE", spare.path())
        .env("LC_ALL", "C")
        // The tools of the system, which are trusted: what somebody built beside them is not.
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    match std::fs::read_to_string(&said) {
        Ok(status) if status.trim() == "0" => Ok(()),
        Ok(status) => Err(format!("ended with {}: {}", status.trim(), String::from_utf8_lossy(&output.stderr))),
        Err(_) => Err(format!("killed: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

/// The work itself, before anybody guards: it ends well, and where it is said to come out the same each time, it does.
#[test]
fn honest_work_comes_out_the_same_without_a_guard() {
    every_load(Kind::Ext4, false);
}

#[test]
fn guarded_honest_work_on_ext4_goes_on() {
    every_load(Kind::Ext4, true);
}

#[test]
fn guarded_honest_work_on_xfs_goes_on() {
    every_load(Kind::Xfs, true);
}

#[test]
fn guarded_honest_work_on_btrfs_goes_on() {
    every_load(Kind::Btrfs, true);
}
