//! What the numbers of SMB are called.

mod status;

use std::borrow::Cow;

/// The name of an SMB1 command ([MS-CIFS] 2.2.2.1).
pub fn smb1_command(command: u8) -> Option<&'static str> {
    Some(match command {
        0x00 => "SMB1_COMMAND_CREATE_DIRECTORY",
        0x01 => "SMB1_COMMAND_DELETE_DIRECTORY",
        0x02 => "SMB1_COMMAND_OPEN",
        0x03 => "SMB1_COMMAND_CREATE",
        0x04 => "SMB1_COMMAND_CLOSE",
        0x05 => "SMB1_COMMAND_FLUSH",
        0x06 => "SMB1_COMMAND_DELETE",
        0x07 => "SMB1_COMMAND_RENAME",
        0x08 => "SMB1_COMMAND_QUERY_INFORMATION",
        0x09 => "SMB1_COMMAND_SET_INFORMATION",
        0x0a => "SMB1_COMMAND_READ",
        0x0b => "SMB1_COMMAND_WRITE",
        0x0c => "SMB1_COMMAND_LOCK_BYTE_RANGE",
        0x0d => "SMB1_COMMAND_UNLOCK_BYTE_RANGE",
        0x0e => "SMB1_COMMAND_CREATE_TEMPORARY",
        0x0f => "SMB1_COMMAND_CREATE_NEW",
        0x10 => "SMB1_COMMAND_CHECK_DIRECTORY",
        0x11 => "SMB1_COMMAND_PROCESS_EXIT",
        0x12 => "SMB1_COMMAND_SEEK",
        0x13 => "SMB1_COMMAND_LOCK_AND_READ",
        0x14 => "SMB1_COMMAND_WRITE_AND_UNLOCK",
        0x1a => "SMB1_COMMAND_READ_RAW",
        0x1b => "SMB1_COMMAND_READ_MPX",
        0x1c => "SMB1_COMMAND_READ_MPX_SECONDARY",
        0x1d => "SMB1_COMMAND_WRITE_RAW",
        0x1e => "SMB1_COMMAND_WRITE_MPX",
        0x1f => "SMB1_COMMAND_WRITE_MPX_SECONDARY",
        0x20 => "SMB1_COMMAND_WRITE_COMPLETE",
        0x21 => "SMB1_COMMAND_QUERY_SERVER",
        0x22 => "SMB1_COMMAND_SET_INFORMATION2",
        0x23 => "SMB1_COMMAND_QUERY_INFORMATION2",
        0x24 => "SMB1_COMMAND_LOCKING_ANDX",
        0x25 => "SMB1_COMMAND_TRANS",
        0x26 => "SMB1_COMMAND_TRANS_SECONDARY",
        0x27 => "SMB1_COMMAND_IOCTL",
        0x28 => "SMB1_COMMAND_IOCTL_SECONDARY",
        0x29 => "SMB1_COMMAND_COPY",
        0x2a => "SMB1_COMMAND_MOVE",
        0x2b => "SMB1_COMMAND_ECHO",
        0x2c => "SMB1_COMMAND_WRITE_AND_CLOSE",
        0x2d => "SMB1_COMMAND_OPEN_ANDX",
        0x2e => "SMB1_COMMAND_READ_ANDX",
        0x2f => "SMB1_COMMAND_WRITE_ANDX",
        0x30 => "SMB1_COMMAND_NEW_FILE_SIZE",
        0x31 => "SMB1_COMMAND_CLOSE_AND_TREE_DISC",
        0x32 => "SMB1_COMMAND_TRANS2",
        0x33 => "SMB1_COMMAND_TRANS2_SECONDARY",
        0x34 => "SMB1_COMMAND_FIND_CLOSE2",
        0x35 => "SMB1_COMMAND_FIND_NOTIFY_CLOSE",
        0x70 => "SMB1_COMMAND_TREE_CONNECT",
        0x71 => "SMB1_COMMAND_TREE_DISCONNECT",
        0x72 => "SMB1_COMMAND_NEGOTIATE_PROTOCOL",
        0x73 => "SMB1_COMMAND_SESSION_SETUP_ANDX",
        0x74 => "SMB1_COMMAND_LOGOFF_ANDX",
        0x75 => "SMB1_COMMAND_TREE_CONNECT_ANDX",
        0x7e => "SMB1_COMMAND_SECURITY_PACKAGE_ANDX",
        0x80 => "SMB1_COMMAND_QUERY_INFO_DISK",
        0x81 => "SMB1_COMMAND_SEARCH",
        0x82 => "SMB1_COMMAND_FIND",
        0x83 => "SMB1_COMMAND_FIND_UNIQUE",
        0x84 => "SMB1_COMMAND_FIND_CLOSE",
        0xa0 => "SMB1_COMMAND_NT_TRANS",
        0xa1 => "SMB1_COMMAND_NT_TRANS_SECONDARY",
        0xa2 => "SMB1_COMMAND_NT_CREATE_ANDX",
        0xa4 => "SMB1_COMMAND_NT_CANCEL",
        0xa5 => "SMB1_COMMAND_NT_RENAME",
        0xc0 => "SMB1_COMMAND_OPEN_PRINT_FILE",
        0xc1 => "SMB1_COMMAND_WRITE_PRINT_FILE",
        0xc2 => "SMB1_COMMAND_CLOSE_PRINT_FILE",
        0xc3 => "SMB1_COMMAND_GET_PRINT_QUEUE",
        0xd8 => "SMB1_COMMAND_READ_BULK",
        0xd9 => "SMB1_COMMAND_WRITE_BULK",
        0xda => "SMB1_COMMAND_WRITE_BULK_DATA",
        _ => return None,
    })
}

/// The name of an SMB2 command ([MS-SMB2] 2.2.1).
pub fn smb2_command(command: u16) -> Option<&'static str> {
    Some(match command {
        0 => "SMB2_COMMAND_NEGOTIATE_PROTOCOL",
        1 => "SMB2_COMMAND_SESSION_SETUP",
        2 => "SMB2_COMMAND_SESSION_LOGOFF",
        3 => "SMB2_COMMAND_TREE_CONNECT",
        4 => "SMB2_COMMAND_TREE_DISCONNECT",
        5 => "SMB2_COMMAND_CREATE",
        6 => "SMB2_COMMAND_CLOSE",
        7 => "SMB2_COMMAND_FLUSH",
        8 => "SMB2_COMMAND_READ",
        9 => "SMB2_COMMAND_WRITE",
        10 => "SMB2_COMMAND_LOCK",
        11 => "SMB2_COMMAND_IOCTL",
        12 => "SMB2_COMMAND_CANCEL",
        13 => "SMB2_COMMAND_KEEPALIVE",
        14 => "SMB2_COMMAND_FIND",
        15 => "SMB2_COMMAND_CHANGE_NOTIFY",
        16 => "SMB2_COMMAND_GET_INFO",
        17 => "SMB2_COMMAND_SET_INFO",
        18 => "SMB2_COMMAND_OPLOCK_BREAK",
        _ => return None,
    })
}

pub fn nt_status(status: u32) -> Option<&'static str> {
    let at = status::NT.binary_search_by_key(&status, |(value, _)| *value).ok()?;
    status::NT.get(at).map(|(_, name)| *name)
}

/// The name of an error of the time before NT ([MS-CIFS] 2.2.2.4): its class and its number within it.
pub fn dos_error(class: u8, code: u16) -> Option<&'static str> {
    match class {
        1 => dos_class(code),
        2 => server_class(code),
        3 => hardware_class(code),
        _ => None,
    }
}

fn dos_class(code: u16) -> Option<&'static str> {
    Some(match code {
        0x0000 => "DOS_SUCCESS",
        0x0001 => "DOS_BADFUNC",
        0x0002 => "DOS_BADFILE",
        0x0003 => "DOS_BADPATH",
        0x0004 => "DOS_NOFIDS",
        0x0005 => "DOS_NOACCESS",
        0x0006 => "DOS_BADFID",
        0x0007 => "DOS_BADMCB",
        0x0008 => "DOS_NOMEM",
        0x0009 => "DOS_BADMEM",
        0x000a => "DOS_BADENV",
        0x000b => "DOS_BADFORMAT",
        0x000c => "DOS_BADACCESS",
        0x000d => "DOS_BADDATA",
        0x000f => "DOS_BADDRIVE",
        0x0010 => "DOS_REMCD",
        0x0011 => "DOS_DIFFDEVICE",
        0x0012 => "DOS_NOFILES",
        0x001f => "DOS_GENERAL",
        0x0020 => "DOS_BADSHARE",
        0x0021 => "DOS_LOCK",
        0x0026 => "DOS_EOF",
        0x0032 => "DOS_UNSUP",
        0x0050 => "DOS_FILEXISTS",
        0x0057 => "DOS_INVALID_PARAMETER",
        0x007b => "DOS_INVALID_NAME",
        0x007c => "DOS_UNKNOWN_LEVEL",
        0x0091 => "DOS_DIRECTORY_NOT_EMPTY",
        0x009e => "DOS_NOT_LOCKED",
        0x00ad => "DOS_CANCEL_VIOLATION",
        0x00e6 => "DOS_BAD_PIPE",
        0x00e7 => "DOS_PIPE_BUSY",
        0x00e8 => "DOS_PIPE_CLOSING",
        0x00e9 => "DOS_NOT_CONNECTED",
        0x00ea => "DOS_MORE_DATA",
        0x00ff => "DOS_BAD_EA_LIST",
        0x0113 => "DOS_EAS_DIDNT_FIT",
        0x011a => "DOS_EAS_UNSUPPORTED",
        0x03fe => "DOS_NOTIFY_ENUM_DIR",
        _ => return None,
    })
}

fn server_class(code: u16) -> Option<&'static str> {
    Some(match code {
        0x0001 => "SRV_ERROR",
        0x0002 => "SRV_BADPW",
        0x0003 => "SRV_BADPATH",
        0x0004 => "SRV_ACCESS",
        0x0005 => "SRV_BADTID",
        0x0006 => "SRV_INVALID_NETWORK_NAME",
        0x0007 => "SRV_INVALID_DEVICE",
        0x0016 => "SRV_UNKNOWN_SMB",
        0x0031 => "SRV_QFULL",
        0x0032 => "SRV_QTOOBIG",
        0x0034 => "SRV_QEOF",
        0x0035 => "SRV_INVALID_FID",
        0x0040 => "SRV_SMBCMD",
        0x0041 => "SRV_SRVERROR",
        0x0043 => "SRV_FILESPECS",
        0x0045 => "SRV_BADPERMITS",
        0x0047 => "SRV_SETATTRMODE",
        0x0051 => "SRV_TIMEOUT",
        0x0052 => "SRV_NORESOURCE",
        0x0053 => "SRV_TOOMANYUIDS",
        0x005b => "SRV_BADUID",
        0x00e9 => "SRV_NOT_CONNECTED",
        0x00fa => "SRV_USEMPX",
        0x00fb => "SRV_USESTD",
        0x00fc => "SRV_CONTMPX",
        0x08bf => "SRV_ACCOUNT_EXPIRED",
        0x08c0 => "SRV_INVALID_WORKSTATION",
        0x08c1 => "SRV_INVALID_LOGON_HOURS",
        0x08c2 => "SRV_PASSWORD_EXPIRED",
        0x08c5 => "SRV_PASSWORD_MUST_CHANGE",
        0xffff => "SRV_NOSUPPORT",
        _ => return None,
    })
}

fn hardware_class(code: u16) -> Option<&'static str> {
    Some(match code {
        0x0013 => "HRD_NOWRITE",
        0x0014 => "HRD_BADUNIT",
        0x0015 => "HRD_NOTREADY",
        0x0016 => "HRD_BADCMD",
        0x0017 => "HRD_DATA",
        0x0018 => "HRD_BADREQ",
        0x0019 => "HRD_SEEK",
        0x001a => "HRD_BADMEDIA",
        0x001b => "HRD_BADSECTOR",
        0x001c => "HRD_NOPAPER",
        0x001d => "HRD_WRITE",
        0x001e => "HRD_READ",
        0x001f => "HRD_GENERAL",
        0x0020 => "HRD_BADSHARE",
        0x0021 => "HRD_LOCK",
        0x0022 => "HRD_WRONGDISK",
        0x0024 => "HRD_FCBUNAVAIL",
        0x0025 => "HRD_SHAREBUFEXC",
        0x0027 => "HRD_DISKFULL",
        _ => return None,
    })
}

pub fn smb2_dialect(dialect: u16) -> Cow<'static, str> {
    match dialect {
        0x0202 => "2.02",
        0x0210 => "2.10",
        0x0222 => "2.22",
        0x0224 => "2.24",
        0x02ff => "2.??",
        0x0300 => "3.00",
        0x0302 => "3.02",
        0x0310 => "3.10",
        0x0311 => "3.11",
        _ => return format!("0x{dialect:x}").into(),
    }
    .into()
}

pub fn disposition(disposition: u32) -> &'static str {
    match disposition {
        0 => "FILE_SUPERSEDE",
        1 => "FILE_OPEN",
        2 => "FILE_CREATE",
        3 => "FILE_OPEN_IF",
        4 => "FILE_OVERWRITE",
        5 => "FILE_OVERWRITE_IF",
        _ => "UNKNOWN",
    }
}

/// The kind of a share as SMB2 tells it.
pub fn share_type(kind: u8) -> &'static str {
    match kind {
        1 => "FILE",
        2 => "PIPE",
        3 => "PRINT",
        _ => "UNKNOWN",
    }
}

/// The name of a control function ([MS-FSCC] 2.3).
pub fn function(code: u32) -> Cow<'static, str> {
    match code {
        0x0006_0194 => "FSCTL_DFS_GET_REFERRALS",
        0x0006_01b0 => "FSCTL_DFS_GET_REFERRALS_EX",
        0x0009_0000 => "FSCTL_REQUEST_OPLOCK_LEVEL_1",
        0x0009_0018 => "FSCTL_LOCK_VOLUME",
        0x0009_003c => "FSCTL_GET_COMPRESSION",
        0x0009_0040 => "FSCTL_SET_COMPRESSION",
        0x0009_0060 => "FSCTL_FILESYSTEM_GET_STATISTICS",
        0x0009_0064 => "FSCTL_GET_NTFS_VOLUME_DATA",
        0x0009_0073 => "FSCTL_GET_RETRIEVAL_POINTERS",
        0x0009_009c => "FSCTL_GET_OBJECT_ID",
        0x0009_00a4 => "FSCTL_SET_REPARSE_POINT",
        0x0009_00a8 => "FSCTL_GET_REPARSE_POINT",
        0x0009_00ac => "FSCTL_DELETE_REPARSE_POINT",
        0x0009_00c0 => "FSCTL_CREATE_OR_GET_OBJECT_ID",
        0x0009_00c4 => "FSCTL_SET_SPARSE",
        0x0009_00bb => "FSCTL_READ_USN_JOURNAL",
        0x0009_80c8 => "FSCTL_SET_ZERO_DATA",
        0x0009_40cf => "FSCTL_QUERY_ALLOCATED_RANGES",
        0x0009_0284 => "FSCTL_QUERY_FILE_REGIONS",
        0x0009_8208 => "FSCTL_FILE_LEVEL_TRIM",
        0x0009_8344 => "FSCTL_DUPLICATE_EXTENTS_TO_FILE",
        0x0011_0000 => "FSCTL_PIPE_ASSIGN_EVENT",
        0x0011_0004 => "FSCTL_PIPE_DISCONNECT",
        0x0011_0008 => "FSCTL_PIPE_LISTEN",
        0x0011_400c => "FSCTL_PIPE_PEEK",
        0x0011_0010 => "FSCTL_PIPE_QUERY_EVENT",
        0x0011_c017 => "FSCTL_PIPE_TRANSCEIVE",
        0x0011_0018 => "FSCTL_PIPE_WAIT",
        0x0014_0078 => "FSCTL_SRV_REQUEST_RESUME_KEY",
        0x0014_01d4 => "FSCTL_LMR_REQUEST_RESILIENCY",
        0x0014_01fc => "FSCTL_QUERY_NETWORK_INTERFACE_INFO",
        0x0014_0200 => "FSCTL_SET_INTEGRITY_INFORMATION",
        0x0014_0204 => "FSCTL_VALIDATE_NEGOTIATE_INFO",
        0x0014_4064 => "FSCTL_SRV_ENUMERATE_SNAPSHOTS",
        0x0014_40f2 => "FSCTL_SRV_COPYCHUNK",
        0x0014_80f2 => "FSCTL_SRV_COPYCHUNK_WRITE",
        0x0014_41bb => "FSCTL_SRV_READ_HASH",
        _ => return format!("0x{code:08x}").into(),
    }
    .into()
}
