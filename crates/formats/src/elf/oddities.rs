//! What may be odd about a program of Unix.

use crate::exe::odd;

#[rustfmt::skip]
odd! {
    CUT_OFF "elf.cut-off" "The file ends within {part}.";
    CLASS_UNKNOWN "elf.class-unknown" "The class {class} is neither 32 nor 64 bits; it was read as 32.";
    ORDER_UNKNOWN "elf.order-unknown" "The byte order {order} is neither little nor big; it was read as little.";
    TABLE_OUTSIDE "elf.table-outside" "The table {table} lies outside of the file.";
    TABLE_TOO_LONG "elf.table-too-long" "The table {table} has more entries than we read.";
    ENTRY_SIZE_ODD "elf.entry-size-odd" "The entries of {table} are said to have {bytes} bytes.";
    NO_SECTIONS "elf.no-sections" "The table of sections was removed.";
    SECTION_BEYOND_FILE "elf.section-beyond-file" "Section {section} reaches beyond the end of the file.";
    SEGMENT_BEYOND_FILE "elf.segment-beyond-file" "Segment {segment} reaches beyond the end of the file.";
    SEGMENT_WRITABLE_CODE "elf.segment-writable-code" "Segment {segment} can be both written and run.";
    SEGMENT_PACKED "elf.segment-packed" "Segment {segment} can be run and is packed or encrypted: entropy {entropy}.";
    STACK_EXECUTABLE "elf.stack-executable" "Its stack may be run.";
    ENTRY_OUTSIDE "elf.entry-outside" "The entry {entry} lies in no segment that is loaded.";
    ENTRY_NOT_CODE "elf.entry-not-code" "The entry lies in a segment that may not be run.";
    INTERPRETER_ODD "elf.interpreter-odd" "The loader {path} is none that systems have.";
    SEARCH_PATH_OPEN "elf.search-path-open" "Libraries are looked for in {path}, where others may write.";
    TEXT_RELOCATIONS "elf.text-relocations" "Its code is changed when it is loaded.";
    PACKER "elf.packer" "It was packed by {packer}.";
    OVERLAY_PROGRAM "elf.overlay-program" "Behind the last part stands a program.";
    OVERLAY_PACKED "elf.overlay-packed" "{bytes} bytes behind the last part are packed or encrypted.";
}
