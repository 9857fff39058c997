#!/bin/sh
# Makes the databases of this folder with rpm: needs rpm, rpmbuild (Debian: `rpm`), python3 and db5.3_load (Debian: `db5.3-util`). Nothing is installed on the machine.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
package() { # name epoch version release architecture vendor files
  name=$1; epoch=$2; version=$3; release=$4; arch=$5; vendor=$6; files=$7
  {
    printf 'Name: %s\nVersion: %s\nRelease: %s\nSummary: made for a test\nLicense: none\n' "$name" "$version" "$release"
    [ "$epoch" = 0 ] || printf 'Epoch: %s\n' "$epoch"
    [ -z "$vendor" ] || printf 'Vendor: %s\n' "$vendor"
    [ "$arch" != noarch ] || printf 'BuildArch: noarch\n'
    printf '%%description\nMade for a test.\n'
    [ -z "${8:-}" ] || printf '%%package -n %s\nSummary: part\n%%description -n %s\nPart.\n%%files -n %s\n' "$8" "$8" "$8"
    printf '%%install\nmkdir -p %%{buildroot}/opt/%s\nfor n in $(seq %s); do : > %%{buildroot}/opt/%s/a-file-with-a-rather-long-name-$n; done\n' "$name" "$files" "$name"
    printf '%%files\n/opt/%s\n' "$name"
  } > "$work/$name.spec"
  rpmbuild -bb --quiet --define "_topdir $work/build" --define "_build_id_links none" --define "vendor %{nil}" "$work/$name.spec" >/dev/null 2>&1
}
add() { find "$work/build/RPMS" -name "$1-*.rpm" -exec rpm --dbpath "$work/db" --define "_db_backend sqlite" -i --justdb --nodeps --noscripts --ignorearch --nosignature --nodigest {} +; }
mkdir "$work/db"
rpm --dbpath "$work/db" --define "_db_backend sqlite" --initdb
package plain 0 1.0 1.el9 x86_64 "" 2
package spaced 0 2.3.4 5.oe2403 noarch "An Example, Inc." 3
package epoch 7 0.9 2.ky10 x86_64 "Example" 1
package many 0 1.1 1 x86_64 "" 60 many-part
for name in plain spaced epoch many; do add "$name"; done
format='%{NAME}\t%{EPOCHNUM}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\t%{VENDOR}\n'
rpm --dbpath "$work/db" --define "_db_backend sqlite" -qa --qf "$format" > "$here/list.tsv"
cp "$work/db/rpmdb.sqlite" "$here/rpmdb.sqlite"
# One package more stands only in the log beside the database, as while rpm has it open.
cp "$here/rpmdb.sqlite" "$work/main.sqlite"
package later 0 3 1 noarch "" 1
add later
python3 - "$work" "$here" <<'P'
import shutil, sqlite3, sys
work, here = sys.argv[1:]
(blob,) = sqlite3.connect(f"{work}/db/rpmdb.sqlite").execute("select blob from Packages order by hnum desc limit 1").fetchone()
main = sqlite3.connect(f"{work}/main.sqlite", isolation_level=None)
main.execute("pragma journal_mode=wal")
main.execute("pragma wal_autocheckpoint=0")
main.execute("insert into Packages (blob) values (?)", (blob,))
shutil.copy(f"{work}/main.sqlite-wal", f"{here}/rpmdb.sqlite-wal")
assert open(f"{work}/main.sqlite", "rb").read()[28:] == open(f"{here}/rpmdb.sqlite", "rb").read()[28:]
P
# The same six packages in the format before SQLite, as machines of either order of bytes have it, and what rpm reads of it.
python3 - "$work" "$here" <<'P'
import pathlib, sqlite3, shutil, struct, sys
work, here = map(pathlib.Path, sys.argv[1:])
for name in ("rpmdb.sqlite", "rpmdb.sqlite-wal"):
    shutil.copy(here / name, work / name)
rows = sqlite3.connect(work / "rpmdb.sqlite").execute("select hnum, blob from Packages order by hnum").fetchall()
for order, number in (("<", 1234), (">", 4321)):
    with open(work / f"{number}.dump", "w") as dump:
        dump.write(f"VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=4096\ndb_lorder={number}\nHEADER=END\n")
        for key, value in [(0, struct.pack(order + "I", rows[-1][0])), *rows]:
            dump.write(f" {struct.pack(order + 'I', key).hex()}\n {value.hex()}\n")
        dump.write("DATA=END\n")
P
rm -f "$here/Packages" "$here/Packages.big-endian"
db5.3_load -f "$work/1234.dump" "$here/Packages"
db5.3_load -f "$work/4321.dump" "$here/Packages.big-endian"
mkdir "$work/older" && cp "$here/Packages" "$work/older"
rpm --dbpath "$work/older" --define "_db_backend bdb_ro" -qa --qf '[%{=NAME}\t%{FILENAMES}\t%{FILEDIGESTS}\n]' 2>/dev/null |
  awk -F'\t' '$3 != ""' | LC_ALL=C sort > "$here/files.tsv"
