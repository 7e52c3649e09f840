/**
 * What stands in every repository: how to get a database back without graphkeep. test/interop/by-hand.test.ts does what it says, with the
 * script between the lines of dashes.
 */
export const README = `This is a repository of graphkeep: backups of Neo4j databases.

With graphkeep:

  graphkeep info --repo=<this place>
  graphkeep restore --repo=<this place> --identity=<key file> --database=graph.db

Without graphkeep it takes sh, zstd, tar, dd, sha256sum and, if the objects end with .age, age.

  db/<database>/<timeline>/base/<base>/   one full backup; it is complete if it has a manifest.json
    data/                                 pieces of its files
    log/                                  transactions that make the files exact
    index.tsv.zst                         which object holds which bytes of which file
  db/<database>/<timeline>/log/           transactions after the first full backup of a timeline, in the order of their names

Names of bases begin with their time. The script makes a database directory of one base. Call it in the folder of the base:

  sh restore.sh <new directory> <key file>

A server of the same release then recovers the database when it starts. To go on to a later moment, append the objects of the timeline's
log that begin after the last transaction of the base, as the last loop does with those of the base.

-------- restore.sh --------
set -eu
out=$1 key=\${2:-}
open() { case $1 in *.age) age -d -i "$key" "$1" | zstd -dcq ;; *) zstd -dcq "$1" ;; esac; }
mkdir "$out"
tab=$(printf '\\t')
zstd -dcq index.tsv.zst | while IFS=$tab read -r file offset bytes object stored sum; do
  echo "$sum  $object" | sha256sum -c --quiet -
  if [ "$file" = @tar ]; then open "$object" | tar -xC "$out"; continue; fi
  mkdir -p "$out/$(dirname "$file")"
  open "$object" | dd of="$out/$file" bs=1M seek="$offset" oflag=seek_bytes conv=notrunc status=none
done
log=$(ls "$out" | grep '^neostore.transaction.db.')
if [ -d log ]; then
  ls log | LC_ALL=C sort | while read -r object; do open "log/$object" | tar -xO transactions >> "$out/$log"; done
fi
----------------------------
`;
