//! What may be odd about a program of Windows.

use crate::exe::odd;

#[rustfmt::skip]
odd! {
    CUT_OFF "pe.cut-off" "The file ends within {part}.";
    HEADERS_OVERLAP "pe.headers-overlap" "The header of the program lies within the one of DOS.";
    UNKNOWN_FORMAT "pe.unknown-format" "The optional header has the unknown magic {magic}.";
    DIRECTORIES_TOO_MANY "pe.directories-too-many" "The header states {count} directories, and there are sixteen.";
    NO_SECTIONS "pe.no-sections" "There are no sections.";
    SECTIONS_TOO_MANY "pe.sections-too-many" "There are {count} sections, more than Windows loads or we read.";
    SECTIONS_OVERLAP "pe.sections-overlap" "Section {section} lies over another one in memory.";
    SECTION_BEYOND_FILE "pe.section-beyond-file" "Section {section} reaches beyond the end of the file.";
    SECTION_WRITABLE_CODE "pe.section-writable-code" "Section {section} can be both written and run.";
    SECTION_FILLED_LATER "pe.section-filled-later" "Section {section} can be run and is empty in the file.";
    SECTION_PACKED "pe.section-packed" "Section {section} is packed or encrypted: entropy {entropy}.";
    SECTION_ODD_NAME "pe.section-odd-name" "The name of section {section} has bytes that are no letters.";
    PACKER "pe.packer" "Section {section} is named as by {packer}.";
    ENTRY_OUTSIDE "pe.entry-outside" "The entry {entry} lies in no section.";
    ENTRY_NOT_CODE "pe.entry-not-code" "The entry lies in section {section}, which may not be run.";
    ENTRY_LAST_SECTION "pe.entry-last-section" "The entry lies in the last section, {section}.";
    CHECKSUM_WRONG "pe.checksum-wrong" "The checksum in the header is not that of the file.";
    TABLE_OUTSIDE "pe.table-outside" "The table {table} lies outside of the file.";
    TABLE_BROKEN "pe.table-broken" "The table {table} breaks off.";
    TABLE_TOO_LONG "pe.table-too-long" "The table {table} has more entries than we read.";
    IMPORT_NAME_ODD "pe.import-name-odd" "{library} is asked for a function whose name no linker makes.";
    NO_IMPORTS "pe.no-imports" "It imports nothing.";
    FEW_IMPORTS "pe.few-imports" "It imports little more than what it needs to find the rest by itself.";
    RESOURCES_CYCLE "pe.resources-cycle" "The tree of resources leads back into itself.";
    RESOURCE_OUTSIDE "pe.resource-outside" "Resource {resource} lies outside of the file.";
    RESOURCE_PROGRAM "pe.resource-program" "Resource {resource} is a program.";
    TLS_CALLBACKS "pe.tls-callbacks" "{count} functions run before the entry.";
    RICH_WRONG "pe.rich-wrong" "The Rich header was changed or is of another program: its checksum is wrong.";
    TIMESTAMP_ZERO "pe.timestamp-zero" "The time of linking was removed.";
    OVERLAY_PROGRAM "pe.overlay-program" "Behind the sections stands a program.";
    OVERLAY_PACKED "pe.overlay-packed" "{bytes} bytes behind the sections are packed or encrypted.";
    BEHIND_SIGNATURE "pe.behind-signature" "{bytes} bytes stand behind the signature, which does not cover them.";
    SIGNATURE_PADDED "pe.signature-padded" "{bytes} bytes stand within the table of certificates and belong to none.";
    SIGNATURE_UNREADABLE "pe.signature-unreadable" "The signature cannot be read.";
    SIGNATURE_DIGEST_WRONG "pe.signature-digest-wrong" "The file was changed after it was signed.";
    SIGNATURE_WRONG "pe.signature-wrong" "The signature is not one of the key in its certificate.";
    SIGNATURE_CHAIN_WRONG "pe.signature-chain-wrong" "The certificate of {subject} was not made by the key of whom it names as its issuer.";
    SIGNATURE_ISSUER_UNFIT "pe.signature-issuer-unfit" "{subject} made a certificate, and its own does not allow that.";
    SIGNATURE_NOT_FOR_CODE "pe.signature-not-for-code" "The certificate is not for signing programs.";
    SIGNATURE_OUT_OF_TIME "pe.signature-out-of-time" "The certificate of {subject} was not valid when it was signed.";
    STAMP_WRONG "pe.stamp-wrong" "What says when it was signed is about something else, or is signed wrongly.";
    STAMP_SELF_MADE "pe.stamp-self-made" "{subject} says when it was signed, and nobody but himself says that he may.";
    STAMP_CHAIN_WRONG "pe.stamp-chain-wrong" "Of who says when it was signed, the certificate of {subject} was not made by the key of whom it names as its issuer.";
    STAMP_ISSUER_UNFIT "pe.stamp-issuer-unfit" "Of who says when it was signed, {subject} made a certificate, and its own does not allow that.";
    STAMP_NOT_FOR_STAMPS "pe.stamp-not-for-stamps" "The certificate of who says when it was signed, {subject}, is not for that.";
    STAMP_OUT_OF_TIME "pe.stamp-out-of-time" "Of who says when it was signed, the certificate of {subject} was not valid then.";
    ALGORITHM_UNKNOWN "pe.algorithm-unknown" "It was not checked: the algorithm {algorithm} is not known here.";
    METADATA_BROKEN "pe.metadata-broken" "The metadata of .NET cannot be read.";
}
