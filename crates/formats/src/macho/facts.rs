//! The facts that are told of a program or library of macOS and its relatives.
//!
//! Lists whose names begin alike run side by side: the n-th entropy is that of the n-th segment. Of a file for several
//! processors only these are told; what is for each of them is a file inside it.

use crate::vector::vectors;

#[rustfmt::skip]
vectors! { "macho":
    FAT "fat" flag "It holds programs for several processors.";
    ARCHITECTURES "architectures" texts "The processors of these.";
    FORMAT "format" text "`macho32` or `macho64`.";
    BYTE_ORDER "byte_order" text "`little` or `big`.";
    MACHINE "machine" text "The processor its code is for.";
    ROLE "role" text "`exe`, `dylib`, `bundle`, `object`, `dsym`, `kext` and others.";
    FLAGS "flags" texts "Flags of its header.";
    COMMANDS_COUNT "commands.count" integer "Load commands, as its header says.";
    COMMANDS "commands" texts "Load commands, each once.";
    SEGMENTS "segments" texts "Names of the segments.";
    SEGMENTS_FLAGS "segments.flags" texts "What each may when it is loaded: `r`, `w`, `x`.";
    SEGMENTS_ADDRESSES "segments.addresses" texts "Where each lies in memory.";
    SEGMENTS_OFFSETS "segments.offsets" texts "Where each lies in the file.";
    SEGMENTS_SIZES "segments.sizes" texts "Bytes of each in the file.";
    SEGMENTS_ENTROPIES "segments.entropies" texts "Bits of information in a byte of each.";
    SECTIONS "sections" texts "Sections, as `segment,section`.";
    SECTIONS_SIZES "sections.sizes" texts "Bytes of each.";
    SECTIONS_MD5 "sections.md5" texts "MD5 of what each has in the file.";
    DYLIBS "dylibs" texts "Libraries it needs.";
    DYLIBS_VERSIONS "dylibs.versions" texts "The version of each it was linked with.";
    ID "id" text "The name it gives itself as a library.";
    RPATHS "rpaths" texts "Where its libraries are looked for.";
    LOADER "loader" text "The program that loads it.";
    UUID "uuid" text "The identifier of the build.";
    ENTRY "entry" integer "Where it begins to run, as an offset in the file.";
    PLATFORM "platform" text "The system it is for.";
    OS_VERSION "os_version" text "The oldest version of it.";
    SDK_VERSION "sdk_version" text "The version it was made with.";
    SOURCE_VERSION "source_version" text "The version of its source.";
    ENCRYPTED "encrypted" flag "Its code is encrypted, as in shops.";
    SYMBOLS_COUNT "symbols.count" integer "Symbols.";
    IMPORTS_COUNT "imports.count" integer "Functions and data it wants of libraries.";
    IMPORTS "imports" texts "Names of these.";
    EXPORTS_COUNT "exports.count" integer "Functions and data it offers.";
    EXPORTS "exports" texts "Names of these.";
    CANARY "canary" flag "It checks its stack for overruns.";
    SIGNED "signed" flag "It has a signature.";
    SIGNATURE_IDENTIFIER "signature.identifier" text "What the signature calls it.";
    SIGNATURE_TEAM "signature.team" text "The team of the signer.";
    SIGNATURE_FLAGS "signature.flags" texts "`adhoc`, `runtime`, `linker-signed` and others.";
    SIGNATURE_DIGEST_ALGORITHM "signature.digest_algorithm" text "The hash of its pages.";
    SIGNATURE_CDHASH "signature.cdhash" digest "The hash by which systems name it.";
    SIGNATURE_PAGES_MATCH "signature.pages_match" flag "Whether its pages have the hashes that the signature says.";
    SIGNATURE_CONTENT_MATCHES "signature.content_matches" flag "Whether the signer signed just these hashes.";
    SIGNATURE_RIGHT "signature.right" flag "Whether the signature is right for the key of its certificate. Whom to trust is another question.";
    SIGNATURE_SUBJECT "signature.subject" text "Who signed.";
    SIGNATURE_CHAIN "signature.chain" texts "The certificate and its issuers, as far as they are in the file.";
    ENTITLEMENTS "entitlements" text "What it may do beyond others, as the signature says.";
    OVERLAY_OFFSET "overlay.offset" integer "Where bytes begin that belong to no part.";
    OVERLAY_SIZE "overlay.size" integer "How many these are.";
    OVERLAY_KIND "overlay.kind" text "The type of file these are.";
}
