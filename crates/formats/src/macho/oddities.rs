//! What may be odd about a program of macOS.

use crate::exe::odd;

#[rustfmt::skip]
odd! {
    CUT_OFF "macho.cut-off" "The file ends within {part}.";
    COMMANDS_BROKEN "macho.commands-broken" "Load command {number} has {bytes} bytes, which cannot be.";
    COMMANDS_TOO_MANY "macho.commands-too-many" "There are {count} load commands, more than we read.";
    SLICES_TOO_MANY "macho.slices-too-many" "There are programs for {count} processors, more than we read.";
    SLICE_OUTSIDE "macho.slice-outside" "The program for {machine} lies outside of the file.";
    SEGMENT_BEYOND_FILE "macho.segment-beyond-file" "Segment {segment} reaches beyond the end of the file.";
    SEGMENT_WRITABLE_CODE "macho.segment-writable-code" "Segment {segment} can be both written and run.";
    SEGMENT_PACKED "macho.segment-packed" "Segment {segment} can be run and is packed or encrypted: entropy {entropy}.";
    TABLE_OUTSIDE "macho.table-outside" "The table {table} lies outside of the file.";
    SIGNATURE_UNREADABLE "macho.signature-unreadable" "The signature cannot be read.";
    SIGNATURE_PAGES_WRONG "macho.signature-pages-wrong" "The file was changed after it was signed.";
    SIGNATURE_WRONG "macho.signature-wrong" "The signature is not one of the key in its certificate.";
    ALGORITHM_UNKNOWN "macho.algorithm-unknown" "It was not checked: the algorithm {algorithm} is not known here.";
}
