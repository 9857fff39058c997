//! The facts that are told of a program, library or object of Unix.
//!
//! Lists whose names begin alike run side by side: the n-th entropy is that of the n-th section.

use crate::vector::vectors;

#[rustfmt::skip]
vectors! { "elf":
    FORMAT "format" text "`elf32` or `elf64`.";
    BYTE_ORDER "byte_order" text "`little` or `big`.";
    ABI "abi" text "The system whose conventions it keeps.";
    ROLE "role" text "`object`, `exe`, `shared` (also programs that lie at any address), `core`.";
    MACHINE "machine" text "The processor its code is for.";
    FLAGS "flags" integer "Flags of the processor.";
    ENTRY "entry" integer "Where it begins to run.";
    ENTRY_SECTION "entry.section" text "The section in which it begins to run.";

    SECTIONS_COUNT "sections.count" integer "Sections, as its header says.";
    SECTIONS "sections" texts "Names of the sections.";
    SECTIONS_TYPES "sections.types" texts "What each holds.";
    SECTIONS_FLAGS "sections.flags" texts "What each may: `a` is loaded, `w` written, `x` run.";
    SECTIONS_ADDRESSES "sections.addresses" texts "Where each lies in memory.";
    SECTIONS_OFFSETS "sections.offsets" texts "Where each lies in the file.";
    SECTIONS_SIZES "sections.sizes" texts "Bytes of each.";
    SECTIONS_ENTROPIES "sections.entropies" texts "Bits of information in a byte of each.";
    SECTIONS_MD5 "sections.md5" texts "MD5 of what each has in the file.";
    SECTIONS_SHA256 "sections.sha256" texts "SHA-256 of what each has in the file.";

    SEGMENTS_COUNT "segments.count" integer "Segments, as its header says.";
    SEGMENTS "segments" texts "What each segment is.";
    SEGMENTS_FLAGS "segments.flags" texts "What each may: `r`, `w`, `x`.";
    SEGMENTS_ADDRESSES "segments.addresses" texts "Where each lies in memory.";
    SEGMENTS_OFFSETS "segments.offsets" texts "Where each lies in the file.";
    SEGMENTS_SIZES "segments.sizes" texts "Bytes of each in the file.";
    SEGMENTS_ENTROPIES "segments.entropies" texts "Bits of information in a byte of each.";

    INTERPRETER "interpreter" text "The program that loads it.";
    NEEDED "needed" texts "Libraries it needs.";
    SONAME "soname" text "The name it gives itself as a library.";
    RPATH "rpath" text "Where its libraries are looked for first.";
    RUNPATH "runpath" text "Where its libraries are looked for.";
    SYMBOLS_COUNT "symbols.count" integer "Symbols for debugging and linking.";
    DYNAMIC_SYMBOLS_COUNT "dynamic_symbols.count" integer "Symbols for loading.";
    IMPORTS_COUNT "imports.count" integer "Functions and data it wants of libraries.";
    IMPORTS "imports" texts "Names of these.";
    EXPORTS_COUNT "exports.count" integer "Functions and data it offers.";
    EXPORTS "exports" texts "Names of these.";
    TELFHASH "telfhash" text "TLSH of the names of its global functions, as Trend Micro's `telfhash` makes it.";

    BUILD_ID "build_id" digest "The identifier of the build.";
    GO_BUILD_ID "go_build_id" text "The identifier of a build by Go.";
    ABI_TAG "abi_tag" text "The oldest kernel it runs on, as `system version`.";
    FEATURES "features" texts "Guards of the processor it was made for: `ibt`, `shstk`, `bti`, `pac`.";
    NOTES "notes" texts "Notes in it, as `owner type`.";
    COMMENTS "comments" texts "Compilers that say they made it.";
    DEBUG_LINK "debug_link" text "The file with its symbols for debugging.";
    STRIPPED "stripped" flag "It has no symbols for debugging and linking.";
    STATIC "static" flag "It needs no loader.";
    PIE "pie" flag "It is a program that runs at any address.";
    NX "nx" flag "Its stack may not be run.";
    RELRO "relro" text "What of its tables is read-only once loaded: `none`, `partial`, `full`.";
    CANARY "canary" flag "It checks its stack for overruns.";
    FORTIFIED "fortified" flag "It calls functions of the library that check sizes.";

    OVERLAY_OFFSET "overlay.offset" integer "Where bytes begin that belong to no part.";
    OVERLAY_SIZE "overlay.size" integer "How many these are.";
    OVERLAY_ENTROPY "overlay.entropy" real "Bits of information in a byte of these.";
    OVERLAY_KIND "overlay.kind" text "The type of file these are.";
}
