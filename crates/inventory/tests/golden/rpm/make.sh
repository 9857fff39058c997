#!/bin/sh
# Makes the databases of this folder with rpm: needs rpm, rpmbuild (Debian: `rpm`) and python3. Nothing is installed on the machine.
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
