//! Binary formats by the bytes they begin with, or have at a fixed place.

use super::{By, blocks, crypto, executable, image, media, office, ole, packed, zip};
use crate::bytes::has;
use crate::kind::Kind;

/// What some first bytes mean.
enum Answer {
    /// They are enough.
    Is(Kind),
    /// Many formats begin so, or the beginning is too short to be believed: this looks further.
    Look(fn(&[u8]) -> Option<Kind>),
}

use Answer::{Is, Look};

type Magic = (&'static [u8], Answer);

/// Bytes at the very beginning. The order matters only between entries with the same first byte.
#[rustfmt::skip]
const BEGINNINGS: &[Magic] = &[
    // Machine code and byte code.
    (b"MZ", Look(executable::mz)),
    (b"ZM", Look(executable::mz)),
    (b"\x7fELF", Is(Kind::Elf)),
    (b"\xca\xfe\xba\xbe", Look(executable::cafebabe)),
    (b"\xca\xfe\xba\xbf", Look(executable::fat_64)),
    (b"\xfe\xed\xfa\xce", Look(executable::mach_o)),
    (b"\xfe\xed\xfa\xcf", Look(executable::mach_o)),
    (b"\xce\xfa\xed\xfe", Look(executable::mach_o)),
    (b"\xcf\xfa\xed\xfe", Look(executable::mach_o)),
    (b"VZ", Look(executable::te)),
    (b"\x01\xdf", Look(executable::xcoff)),
    (b"\x01\xf7", Look(executable::xcoff)),
    (b"\x4c\x01", Look(executable::coff)),
    (b"\x64\x86", Look(executable::coff)),
    (b"\x64\xaa", Look(executable::coff)),
    (b"\xc4\x01", Look(executable::coff)),
    (b"\xc0\x01", Look(executable::coff)),
    (b"\x00\x00\xff\xff", Look(executable::coff_big)),
    (b"\x07\x01", Look(executable::a_out)),
    (b"\x08\x01", Look(executable::a_out)),
    (b"\x0b\x01", Look(executable::a_out)),
    (b"\xcc\x00\x64\x00", Look(executable::a_out)),
    (b"\x80", Look(executable::omf)),
    (b"dex\n", Is(Kind::Dex)),
    (b"cdex", Is(Kind::Dex)),
    (b"dey\n", Is(Kind::Odex)),
    (b"vdex", Is(Kind::Vdex)),
    (b"art\n", Is(Kind::Art)),
    (b"\x03\x00\x08\x00", Look(executable::android_chunk)),
    (b"\x02\x00\x0c\x00", Look(executable::android_chunk)),
    (b"\x00asm", Is(Kind::Wasm)),
    (b"BC\xc0\xde", Is(Kind::LlvmBitcode)),
    (b"\xde\xc0\x17\x0b", Is(Kind::LlvmBitcode)),
    (b"\x1bLua", Is(Kind::Luac)),
    (b"\x1bLJ", Is(Kind::Luac)),
    (b"FOR1", Look(executable::beam)),
    (b";ELC", Is(Kind::Elc)),
    (b"FWS", Look(media::swf)),
    (b"CWS", Look(media::swf)),
    (b"ZWS", Look(media::swf)),
    (b"\xa3\x48\x4b\xbe\x98\x6c\x4a\xa9\x99\x4c\x53\x0a\x86\xd6\x48\x7d", Is(Kind::AutoItCompiled)),
    (b"\xde\x12\x04\x95", Look(blocks::gettext)),
    (b"\x95\x04\x12\xde", Look(blocks::gettext)),

    // Documents.
    (b"%PDF-", Is(Kind::Pdf)),
    (b"%FDF-", Is(Kind::Fdf)),
    (b"\xc5\xd0\xd3\xc6", Is(Kind::EpsBinary)),
    (b"AT&TFORM", Is(Kind::Djvu)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Look(ole::identify)),
    (b"\x0e\x11\xfc\x0d\xd0\xcf\x11\x0e", Is(Kind::Ole)),
    (b"\xdb\xa5\x2d\x00", Is(Kind::WordOld)),
    (b"\x31\xbe\x00\x00", Is(Kind::Write)),
    (b"\x32\xbe\x00\x00", Is(Kind::Write)),
    (b"\x09\x00\x04\x00", Look(office::biff)),
    (b"\x09\x02\x06\x00", Look(office::biff)),
    (b"\x09\x04\x06\x00", Look(office::biff)),
    (b"\x09\x08", Look(office::biff)),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", Is(Kind::OneNote)),
    (b"\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2\x10\xea\x57\x22\x76\x5f", Is(Kind::OneNoteToc)),
    (b"HWP Document File V", Is(Kind::Hwp3)),
    (b"ITSF", Is(Kind::Chm)),
    (b"ITOLITLS", Is(Kind::Lit)),
    (b"?_\x03\x00", Is(Kind::Hlp)),
    (b"\xffWPC", Is(Kind::WordPerfect)),
    (b"\x00\x00\x02\x00\x06\x04\x06\x00", Is(Kind::Lotus123)),
    (b"\x00\x00\x1a\x00\x00\x10\x04\x00", Is(Kind::Lotus123)),
    (b"\x00\x00\x1a\x00\x02\x10\x04\x00", Is(Kind::Lotus123)),
    (b"\xf7\x02", Look(office::dvi)),
    (b"\x1b%-12345X", Is(Kind::Pjl)),
    (b"\x1bE\x1b", Is(Kind::Pcl)),

    // Mail.
    (b"\x78\x9f\x3e\x22", Is(Kind::Tnef)),
    (b"!BDN", Is(Kind::Pst)),
    (b"\xcf\xad\x12\xfe", Is(Kind::Dbx)),

    // Archives and packed streams.
    (b"PK\x03\x04", Look(zip::identify)),
    (b"PK\x05\x06", Look(zip::identify)),
    (b"PK\x07\x08PK\x03\x04", Look(zip::identify)),
    (b"PK00PK\x03\x04", Look(zip::identify)),
    (b"JM\x01\x00PK", Is(Kind::Jmod)),
    (b"\xda\xda\xfe\xca", Is(Kind::Jimage)),
    (b"\xca\xfe\xda\xda", Is(Kind::Jimage)),
    (b"Cr24", Is(Kind::Crx)),
    (b"7z\xbc\xaf\x27\x1c", Is(Kind::SevenZip)),
    (b"Rar!\x1a\x07", Is(Kind::Rar)),
    (b"RE~^", Is(Kind::Rar)),
    (b"MSCF\x00\x00\x00\x00", Is(Kind::Cab)),
    (b"ISc(", Is(Kind::InstallShieldCab)),
    (b"\x60\xea", Look(packed::arj)),
    (b"\x1a", Look(packed::arc)),
    (b"ZOO ", Look(packed::zoo)),
    (b"ALZ\x01", Is(Kind::Alz)),
    (b"EGGA", Is(Kind::Egg)),
    (b"SIT!", Is(Kind::StuffIt)),
    (b"StuffIt", Is(Kind::StuffIt)),
    (b"070701", Is(Kind::Cpio)),
    (b"070702", Is(Kind::Cpio)),
    (b"070707", Is(Kind::Cpio)),
    (b"\xc7\x71", Look(packed::cpio_binary)),
    (b"\x71\xc7", Look(packed::cpio_binary)),
    (b"!<arch>\n", Look(packed::ar)),
    (b"!<thin>\n", Is(Kind::Ar)),
    (b"<bigaf>\n", Is(Kind::Ar)),
    (b"\xed\xab\xee\xdb", Is(Kind::Rpm)),
    (b"xar!", Is(Kind::Xar)),
    (b"MSWIM\x00\x00\x00", Is(Kind::Wim)),
    (b"WLPWM\x00\x00\x00", Is(Kind::Wim)),
    (b"\x04\x00\x00\x00", Look(packed::asar)),
    (b"ANDROID BACKUP\n", Is(Kind::AndroidBackup)),
    (b"\x00\x05\x16\x00", Is(Kind::AppleSingle)),
    (b"\x00\x05\x16\x07", Is(Kind::AppleDouble)),
    (b"\x1f\x8b\x08", Is(Kind::Gzip)),
    (b"\x1f\x9d", Look(packed::compress)),
    (b"\x1f\x1e", Look(packed::pack)),
    (b"BZh", Look(packed::bzip2)),
    (b"\xfd7zXZ\x00", Is(Kind::Xz)),
    (b"\x28\xb5\x2f\xfd", Is(Kind::Zstd)),
    (b"\x37\xa4\x30\xec", Is(Kind::Zstd)),
    (b"\x04\x22\x4d\x18", Is(Kind::Lz4)),
    (b"\x02\x21\x4c\x18", Is(Kind::Lz4)),
    (b"\x5d\x00\x00", Look(packed::lzma)),
    (b"LZIP", Look(packed::lzip)),
    (b"\x89LZO\x00\x0d\x0a\x1a\x0a", Is(Kind::Lzop)),
    (b"\xff\x06\x00\x00sNaPpY", Is(Kind::Snappy)),
    (b"7kSt", Is(Kind::Zpaq)),
    (b"zPQ", Is(Kind::Zpaq)),
    (b"bvx2", Is(Kind::Lzfse)),
    (b"bvxn", Is(Kind::Lzfse)),
    (b"bvx-", Is(Kind::Lzfse)),
    (b"\x78\x01", Look(packed::zlib)),
    (b"\x78\x5e", Look(packed::zlib)),
    (b"\x78\x9c", Look(packed::zlib)),
    (b"\x78\xda", Look(packed::zlib)),
    (b"SZDD\x88\xf0\x27\x33", Is(Kind::MsCompress)),
    (b"KWAJ\x88\xf0\x27\xd1", Is(Kind::MsCompress)),

    // Disks and file systems.
    (b"conectix", Is(Kind::Vhd)),
    (b"vhdxfile", Is(Kind::Vhdx)),
    (b"KDMV", Is(Kind::Vmdk)),
    (b"COWD", Is(Kind::Vmdk)),
    (b"QFI\xfb", Is(Kind::Qcow)),
    (b"hsqs", Is(Kind::Squashfs)),
    (b"sqsh", Is(Kind::Squashfs)),
    (b"\x45\x3d\xcd\x28", Is(Kind::Cramfs)),
    (b"\x28\xcd\x3d\x45", Is(Kind::Cramfs)),
    (b"-rom1fs-", Is(Kind::Romfs)),
    (b"\x3a\xff\x26\xed", Is(Kind::AndroidSparse)),
    (b"ANDROID!", Is(Kind::AndroidBoot)),
    (b"\x27\x05\x19\x56", Is(Kind::UBoot)),
    (b"\xd0\x0d\xfe\xed", Is(Kind::DeviceTree)),
    (b"EVF\x09\x0d\x0a\xff\x00", Is(Kind::Ewf)),
    (b"EVF2\x0d\x0a\x81\x00", Is(Kind::Ewf)),
    (b"LUKS\xba\xbe", Is(Kind::Luks)),

    // Images.
    (b"\x89PNG\x0d\x0a\x1a\x0a", Is(Kind::Png)),
    (b"\x8aMNG\x0d\x0a\x1a\x0a", Is(Kind::Mng)),
    (b"\x8bJNG\x0d\x0a\x1a\x0a", Is(Kind::Jng)),
    (b"\xff\xd8\xff", Is(Kind::Jpeg)),
    (b"GIF87a", Is(Kind::Gif)),
    (b"GIF89a", Is(Kind::Gif)),
    (b"BM", Look(image::bmp)),
    (b"II\x2a\x00", Look(image::tiff)),
    (b"MM\x00\x2a", Is(Kind::Tiff)),
    (b"II\x2b\x00", Is(Kind::Tiff)),
    (b"MM\x00\x2b", Is(Kind::Tiff)),
    (b"IIRO", Is(Kind::Tiff)),
    (b"IIRS", Is(Kind::Tiff)),
    (b"IIU\x00", Is(Kind::Tiff)),
    (b"MMOR", Is(Kind::Tiff)),
    (b"II\xbc", Is(Kind::JpegXr)),
    (b"FUJIFILMCCD-RAW", Is(Kind::Raf)),
    (b"8BPS\x00", Is(Kind::Psd)),
    (b"gimp xcf ", Is(Kind::Xcf)),
    (b"\x00\x00\x01\x00", Look(image::icon)),
    (b"\x00\x00\x02\x00", Look(image::icon)),
    (b"\xd7\xcd\xc6\x9a", Is(Kind::Wmf)),
    (b"\x01\x00\x09\x00\x00\x03", Is(Kind::Wmf)),
    (b"\x02\x00\x09\x00\x00\x03", Is(Kind::Wmf)),
    (b"\x01\x00\x00\x00", Look(image::emf)),
    (b"\x00\x00\x00\x0cjP  \x0d\x0a\x87\x0a", Is(Kind::Jp2)),
    (b"\xff\x4f\xff\x51\x00", Is(Kind::J2k)),
    (b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a", Is(Kind::JpegXl)),
    (b"\xff\x0a", Look(image::jpeg_xl)),
    (b"\x0a", Look(image::pcx)),
    (b"P", Look(image::pnm)),
    (b"DDS ", Look(image::dds)),
    (b"icns", Is(Kind::Icns)),
    (b"\x76\x2f\x31\x01", Is(Kind::Exr)),
    (b"#?RADIANCE\n", Is(Kind::Hdr)),
    (b"#?RGBE\n", Is(Kind::Hdr)),
    (b"SIMPLE  = ", Is(Kind::Fits)),
    (b"SDPX\x00", Is(Kind::Dpx)),
    (b"XPDS\x00", Is(Kind::Dpx)),
    (b"qoif", Is(Kind::Qoi)),
    (b"BPG\xfb", Is(Kind::Bpg)),
    (b"\x01\xda", Look(image::sgi)),
    (b"\x59\xa6\x6a\x95", Is(Kind::SunRaster)),
    (b"FLIF", Is(Kind::Flif)),
    (b"Xcur\x10\x00\x00\x00", Is(Kind::Xcursor)),

    // Sound and film.
    (b"RIFF", Look(media::riff)),
    (b"RIFX", Look(media::riff)),
    (b"RF64", Look(media::riff)),
    (b"FORM", Look(media::iff)),
    (b"ID3", Look(media::id3)),
    (b"\xff", Look(media::mpeg_audio)),
    (b"fLaC", Is(Kind::Flac)),
    (b"OggS", Look(media::ogg)),
    (b".snd\x00\x00", Is(Kind::Au)),
    (b"dns.", Is(Kind::Au)),
    (b"MThd\x00\x00\x00", Is(Kind::Midi)),
    (b"#!AMR", Is(Kind::Amr)),
    (b"MAC \x00", Look(media::ape)),
    (b"MAC ", Look(media::ape)),
    (b"wvpk", Is(Kind::WavPack)),
    (b"MPCK", Is(Kind::Musepack)),
    (b"MP+", Is(Kind::Musepack)),
    (b"\x0b\x77", Look(media::ac3)),
    (b"\x7f\xfe\x80\x01", Is(Kind::Dts)),
    (b"caff\x00\x01", Is(Kind::Caf)),
    (b"DSD \x1c\x00", Is(Kind::Dsf)),
    (b"FRM8\x00\x00", Is(Kind::Dsf)),
    (b"ADIF", Is(Kind::Aac)),
    (b"Creative Voice File\x1a", Is(Kind::Voc)),
    (b"Extended Module: ", Is(Kind::Tracker)),
    (b"IMPM", Is(Kind::Tracker)),
    (b"\x1a\x45\xdf\xa3", Look(media::ebml)),
    (b"FLV\x01", Is(Kind::Flv)),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Is(Kind::Asf)),
    (b"\x00\x00\x01\xba", Is(Kind::MpegPs)),
    (b"\x00\x00\x01\xb3", Is(Kind::MpegPs)),
    (b"G", Look(media::mpeg_ts)),
    (b".RMF\x00\x00", Is(Kind::RealMedia)),
    (b".ra\xfd\x00", Is(Kind::RealMedia)),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02", Is(Kind::Mxf)),
    (b"DKIF\x00\x00", Is(Kind::Ivf)),
    (b"YUV4MPEG2 ", Is(Kind::Y4m)),
    (b"BIK", Look(media::bink)),
    (b"KB2", Look(media::bink)),

    // Fonts.
    (b"\x00\x01\x00\x00", Look(image::true_type_or_jet)),
    (b"true\x00", Is(Kind::Ttf)),
    (b"OTTO\x00", Is(Kind::Otf)),
    (b"ttcf\x00", Is(Kind::Ttc)),
    (b"wOFF", Is(Kind::Woff)),
    (b"wOF2", Is(Kind::Woff2)),
    (b"\x80\x01", Look(image::printer_font)),
    (b"%!PS-AdobeFont", Is(Kind::Type1)),
    (b"%!FontType1", Is(Kind::Type1)),
    (b"\x01fcp", Is(Kind::Pcf)),
    (b"\x72\xb5\x4a\x86", Is(Kind::Psf)),
    (b"\x36\x04", Look(image::console_font)),

    // Drawings and models.
    (b"AC1", Look(image::dwg)),
    (b"AutoCAD Binary DXF\x0d\x0a\x1a\x00", Is(Kind::Dxf)),
    (b"(DWF V", Is(Kind::Dwf)),
    (b"\x08\x09\xfe\x02", Is(Kind::Dgn)),
    (b"glTF", Look(image::gltf)),
    (b"BLENDER", Is(Kind::Blend)),
    (b"Kaydara FBX Binary", Is(Kind::Fbx)),
    (b"ply\n", Is(Kind::Ply)),
    (b"ply\r\n", Is(Kind::Ply)),
    (b"\xff\xfe\xff\x0e\x53\x00\x6b\x00\x65\x00\x74\x00\x63\x00\x68\x00", Is(Kind::SketchUp)),

    // Databases and tables.
    (b"SQLite format 3\x00", Is(Kind::Sqlite)),
    (b"** This file contains an SQLite 2", Is(Kind::Sqlite)),
    (b"\x13\x57\x9a\xce", Is(Kind::Gdbm)),
    (b"\xce\x9a\x57\x13", Is(Kind::Gdbm)),
    (b"\xcf\x9a\x57\x13", Is(Kind::Gdbm)),
    (b"\x89HDF\x0d\x0a\x1a\x0a", Is(Kind::Hdf5)),
    (b"\x0e\x03\x13\x01", Is(Kind::Hdf5)),
    (b"CDF\x01", Is(Kind::NetCdf)),
    (b"CDF\x02", Is(Kind::NetCdf)),
    (b"MATLAB 5.0 MAT-file", Is(Kind::Matlab)),
    (b"PAR1", Look(blocks::parquet)),
    (b"PARE", Is(Kind::Parquet)),
    (b"ARROW1\x00\x00", Is(Kind::Arrow)),
    (b"FEA1", Is(Kind::Arrow)),
    (b"Obj\x01", Is(Kind::Avro)),
    (b"ORC", Look(blocks::orc)),
    (b"\x93NUMPY", Is(Kind::Npy)),
    (b"RDX2\n", Is(Kind::RData)),
    (b"RDX3\n", Is(Kind::RData)),
    (b"REDIS0", Is(Kind::Redis)),
    (b"GGUF", Is(Kind::Gguf)),
    (b"\x80", Look(blocks::pickle)),
    (b"\xac\xed\x00\x05", Is(Kind::JavaSerialized)),
    (b"\x00\x01\x00\x00\x00\xff\xff\xff\xff\x01\x00\x00\x00", Is(Kind::DotnetSerialized)),
    (b"\xce\xca\xef\xbe", Is(Kind::DotnetResources)),
    (b"\x00\x00\x00\x00\x20\x00\x00\x00\xff\xff\x00\x00\xff\xff\x00\x00", Is(Kind::CompiledRes)),

    // Recorded traffic.
    (b"\xd4\xc3\xb2\xa1", Is(Kind::Pcap)),
    (b"\xa1\xb2\xc3\xd4", Is(Kind::Pcap)),
    (b"\x4d\x3c\xb2\xa1", Is(Kind::Pcap)),
    (b"\xa1\xb2\x3c\x4d", Is(Kind::Pcap)),
    (b"\x34\xcd\xb2\xa1", Is(Kind::Pcap)),
    (b"\xa1\xb2\xcd\x34", Is(Kind::Pcap)),
    (b"\x0a\x0d\x0d\x0a", Look(blocks::pcapng)),
    (b"snoop\x00\x00\x00", Is(Kind::Snoop)),
    (b"GMBU", Is(Kind::NetMon)),
    (b"RTSS", Is(Kind::NetMon)),

    // Keys, certificates and what holds secrets.
    (b"\x30", Look(crypto::der)),
    (b"\xfe\xed\xfe\xed\x00\x00\x00", Is(Kind::Jks)),
    (b"\xce\xce\xce\xce\x00\x00\x00", Is(Kind::Jks)),
    (b"\x99", Look(crypto::pgp)),
    (b"\x98", Look(crypto::pgp)),
    (b"\x95", Look(crypto::pgp)),
    (b"\xc6", Look(crypto::pgp)),
    (b"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5", Is(Kind::Kdbx)),
    (b"\x03\xd9\xa2\x9a\x66\xfb\x4b\xb5", Is(Kind::Kdbx)),
    (b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5", Is(Kind::Kdbx)),

    // What systems and desktops act on.
    (b"\x4c\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46", Is(Kind::Lnk)),
    (b"regf", Is(Kind::RegistryHive)),
    (b"ElfFile\x00", Is(Kind::Evtx)),
    (b"\x30\x00\x00\x00LfLe", Is(Kind::Evt)),
    (b"MAM\x04", Is(Kind::Prefetch)),
    (b"MDMP\x93\xa7", Is(Kind::Minidump)),
    (b"PAGEDUMP", Is(Kind::KernelDump)),
    (b"PAGEDU64", Is(Kind::KernelDump)),
    (b"d", Look(blocks::torrent)),
    (b"bplist", Is(Kind::BinaryPlist)),
    (b"\x00\x00\x00\x01Bud1", Is(Kind::DsStore)),
    (b"LPKSHHRH", Is(Kind::Journal)),
    (b"TZif", Is(Kind::TzIf)),
    (b"\x1a\x01", Look(blocks::terminfo)),
    (b"\x1e\x02", Look(blocks::terminfo)),
    (b"PACK\x00\x00\x00\x02", Is(Kind::GitPack)),
    (b"\xfftOc\x00\x00\x00\x02", Is(Kind::GitPack)),
    (b"DIRC\x00\x00\x00", Is(Kind::GitIndex)),
    (b"# v2 git bundle\n", Is(Kind::GitBundle)),
    (b"# v3 git bundle\n", Is(Kind::GitBundle)),
    (b"JAVA PROFILE 1.0.", Is(Kind::JavaHprof)),

    // Packed and encoded scripts.
    (b"#@~^", Is(Kind::EncodedScript)),
];

/// Bytes further in. Formats that are told by them begin with anything.
#[rustfmt::skip]
static PLACES: &[(usize, &[u8], Answer)] = &[
    (4, b"ftyp", Look(media::iso_media)),
    (4, b"moov", Look(media::quick_time)),
    (4, b"mdat", Look(media::quick_time)),
    (4, b"wide", Look(media::quick_time)),
    (4, b"free", Look(media::quick_time)),
    (4, b"skip", Look(media::quick_time)),
    (4, b"pnot", Look(media::quick_time)),
    (1, b"\x2a\x4d\x18", Look(packed::skippable)),
    (2, b"-lh", Look(packed::lha)),
    (2, b"-lz", Look(packed::lha)),
    (2, b"\x0d\x0a", Look(executable::python_bytecode)),
    (3, b"NTFS    ", Is(Kind::Ntfs)),
    (3, b"EXFAT   ", Is(Kind::FatFs)),
    (4, b"SCCA", Is(Kind::Prefetch)),
    (4, b"\xef\xcd\xab\x89", Is(Kind::Ese)),
    (4, b"Standard Jet DB", Is(Kind::Mdb)),
    (4, b"Standard ACE DB", Is(Kind::Accdb)),
    (7, b"**ACE**", Is(Kind::Ace)),
    (8, b"KBXf", Is(Kind::Keybox)),
    (12, b"\x61\x15\x06\x00", Is(Kind::BerkeleyDb)),
    (12, b"\x62\x31\x05\x00", Is(Kind::BerkeleyDb)),
    (12, b"\x53\x22\x04\x00", Is(Kind::BerkeleyDb)),
    (12, b"\x00\x06\x15\x61", Is(Kind::BerkeleyDb)),
    (12, b"\x00\x05\x31\x62", Is(Kind::BerkeleyDb)),
    (24, b"\x6b\xea\x00\x00", Is(Kind::Dump)),
    (24, b"\x6c\xea\x00\x00", Is(Kind::Dump)),
    (34, b"LP", Look(image::embedded_font)),
    (36, b"acsp", Is(Kind::Icc)),
    (44, b"SCRM", Is(Kind::Tracker)),
    (60, b"BOOKMOBI", Is(Kind::Mobi)),
    (60, b"TEXtREAd", Is(Kind::Mobi)),
    (64, b"\x7f\x10\xda\xbe", Is(Kind::Vdi)),
    (128, b"DICM", Is(Kind::Dicom)),
    (257, b"ustar", Is(Kind::Tar)),
    (514, b"HdrS", Is(Kind::LinuxKernel)),
    (1080, b"M.K.", Look(media::tracker)),
    (1080, b"6CHN", Look(media::tracker)),
    (1080, b"8CHN", Look(media::tracker)),
    (1080, b"FLT4", Look(media::tracker)),
    (0x438, b"\x53\xef", Look(blocks::ext)),
    (0x8001, b"CD001", Is(Kind::Iso)),
    (0x8001, b"BEA01", Is(Kind::Udf)),
];

/// Where the beginnings with each first byte stand in `ORDER`; one more than there are bytes, for the end of the last.
static STARTS: [u16; 257] = SORTED.0;
/// Numbers of the beginnings, by first byte.
static ORDER: [u16; BEGINNINGS.len()] = SORTED.1;

const SORTED: ([u16; 257], [u16; BEGINNINGS.len()]) = sorted();

/// Sorts the beginnings by first byte when the crate is built, so that a file is compared to few of them.
const fn sorted() -> ([u16; 257], [u16; BEGINNINGS.len()]) {
    let (mut starts, mut order) = ([0; 257], [0; BEGINNINGS.len()]);
    let (mut byte, mut next) = (0, 0);
    while byte < 256 {
        starts[byte] = next as u16;
        let mut at = 0;
        while at < BEGINNINGS.len() {
            if BEGINNINGS[at].0[0] as usize == byte {
                order[next] = at as u16;
                next += 1;
            }
            at += 1;
        }
        byte += 1;
    }
    starts[256] = next as u16;
    (starts, order)
}

/// The binary format of some bytes.
pub fn identify(bytes: &[u8]) -> Option<(Kind, By)> {
    by_beginning(bytes).or_else(|| by_place(bytes)).or_else(|| Some((blocks::by_checksum(bytes)?, By::Structure)))
}

fn by_beginning(bytes: &[u8]) -> Option<(Kind, By)> {
    let first = usize::from(*bytes.first()?);
    let numbers = ORDER.get(usize::from(STARTS[first])..usize::from(STARTS[first + 1]))?;
    numbers
        .iter()
        .filter_map(|number| BEGINNINGS.get(usize::from(*number)))
        .find_map(|(magic, answer)| bytes.starts_with(magic).then(|| answered(answer, bytes)).flatten())
}

fn by_place(bytes: &[u8]) -> Option<(Kind, By)> {
    PLACES.iter().find_map(|(at, magic, answer)| has(bytes, *at, magic).then(|| answered(answer, bytes)).flatten())
}

fn answered(answer: &Answer, bytes: &[u8]) -> Option<(Kind, By)> {
    match answer {
        Is(kind) => Some((*kind, By::Magic)),
        Look(look) => look(bytes).map(|kind| (kind, By::Structure)),
    }
}

/// The beginnings, for tests that put anything behind them.
#[cfg(test)]
pub fn beginnings() -> Vec<&'static [u8]> {
    BEGINNINGS.iter().map(|(magic, _)| *magic).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_beginning_is_asked_in_its_turn() {
        let mut numbers: Vec<_> = ORDER.to_vec();
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq(0..BEGINNINGS.len() as u16));
    }

    #[test]
    fn no_beginning_hides_a_longer_one() {
        for (later, (magic, _)) in BEGINNINGS.iter().enumerate() {
            for (shorter, answer) in &BEGINNINGS[..later] {
                let hides = magic.starts_with(shorter) && matches!(answer, Is(_));
                assert!(!hides, "{:?} is hidden", String::from_utf8_lossy(magic));
            }
        }
    }
}
