//! The table of kinds: one line a kind, `Variant label Group "media/type" [extensions]`, and `in` what it is built on.

use super::{Facts, Group};

/// Names the kinds and writes down what is known of each.
macro_rules! kinds {
    ($($name:ident $label:literal $group:ident $mime:literal [$($extension:literal)*] $(in $base:ident)?;)*) => {
        /// A type of file, told by its content.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Kind {
            $(#[doc = concat!("`", $label, "`")] $name,)*
        }

        impl Kind {
            /// Every kind there is.
            pub const ALL: &[Kind] = &[$(Kind::$name),*];

            pub(super) fn facts(self) -> &'static Facts {
                &FACTS[self as usize]
            }
        }

        /// In the order of the variants, which is what makes the index above right.
        static FACTS: [Facts; Kind::ALL.len()] = [$(Facts {
            label: $label,
            group: Group::$group,
            mime: $mime,
            extensions: &[$($extension),*],
            base: kinds!(@base $($base)?),
        }),*];
    };
    (@base) => { None };
    (@base $base:ident) => { Some(Kind::$base) };
}

#[rustfmt::skip]
kinds! {
    // Nothing to say.
    Empty "empty" Data "inode/x-empty" [];
    Data "data" Data "application/octet-stream" ["bin" "dat"];
    Txt "txt" Text "text/plain" ["txt" "text" "asc" "nfo"];

    // Machine code and byte code.
    Pe "pe" Executable "application/vnd.microsoft.portable-executable" ["exe" "dll" "sys" "ocx" "scr" "cpl" "drv" "efi" "pyd" "mui" "ax" "acm" "tsp" "com" "node" "xll" "wll" "winmd" "ime" "rll"];
    MsDos "msdos" Executable "application/x-dosexec" ["exe" "com" "ovl"];
    Ne "ne" Executable "application/x-ms-ne-executable" ["exe" "dll" "drv" "fon" "vbx" "386"];
    Le "le" Executable "application/x-ms-le-executable" ["exe" "dll" "vxd" "386" "sys"];
    Elf "elf" Executable "application/x-elf" ["so" "o" "elf" "ko" "axf" "prx" "out" "bin" "debug"];
    MachO "macho" Executable "application/x-mach-binary" ["dylib" "o" "bundle" "so" "kext" "dsym"];
    Aout "aout" Executable "application/x-aout" ["out" "o"];
    Xcoff "xcoff" Executable "application/x-xcoff" ["o"];
    Coff "coff" Executable "application/x-coff" ["obj" "o"];
    OmfObject "omf" Executable "application/x-omf-object" ["obj"];
    Te "te" Executable "application/x-efi-te" ["te"];
    Ar "ar" Archive "application/x-archive" ["a" "lib" "ar"];
    Class "class" Executable "application/x-java-applet" ["class"];
    Dex "dex" Executable "application/x-android-dex" ["dex"];
    Odex "odex" Executable "application/x-android-odex" ["odex"];
    Vdex "vdex" Executable "application/x-android-vdex" ["vdex"];
    Art "art" Executable "application/x-android-art" ["art"];
    AndroidXml "axml" Data "application/x-android-xml" ["xml"];
    AndroidResources "arsc" Data "application/x-android-resources" ["arsc"];
    Wasm "wasm" Executable "application/wasm" ["wasm"];
    LlvmBitcode "bitcode" Executable "application/x-llvm" ["bc"];
    Pyc "pyc" Executable "application/x-bytecode.python" ["pyc" "pyo"];
    Luac "luac" Executable "application/x-lua-bytecode" ["luac" "lua" "out"];
    Beam "beam" Executable "application/x-erlang-binary" ["beam"];
    Elc "elc" Executable "application/x-elc" ["elc"];
    Swf "swf" Executable "application/x-shockwave-flash" ["swf"];
    AutoItCompiled "a3x" Executable "application/x-autoit" ["a3x"];
    Mo "mo" Data "application/x-gettext-translation" ["mo" "gmo"];

    // Documents.
    Pdf "pdf" Document "application/pdf" ["pdf" "ai"];
    Fdf "fdf" Document "application/vnd.fdf" ["fdf"];
    PostScript "ps" Document "application/postscript" ["ps" "eps" "ai" "prn"] in Txt;
    EpsBinary "eps" Document "image/x-eps" ["eps"];
    Djvu "djvu" Document "image/vnd.djvu" ["djvu" "djv"];
    Rtf "rtf" Document "text/rtf" ["rtf"] in Txt;
    Doc "doc" Document "application/msword" ["doc" "dot" "wiz"] in Ole;
    Xls "xls" Document "application/vnd.ms-excel" ["xls" "xlt" "xla" "xlw" "xlm"] in Ole;
    XlsOld "biff" Document "application/vnd.ms-excel" ["xls" "xlc" "xlm" "xlw"];
    Ppt "ppt" Document "application/vnd.ms-powerpoint" ["ppt" "pps" "pot" "ppa"] in Ole;
    WordOld "word2" Document "application/msword" ["doc"];
    Write "wri" Document "application/x-mswrite" ["wri"];
    Docx "docx" Document "application/vnd.openxmlformats-officedocument.wordprocessingml.document" ["docx"] in Zip;
    Docm "docm" Document "application/vnd.ms-word.document.macroenabled.12" ["docm"] in Zip;
    Dotx "dotx" Document "application/vnd.openxmlformats-officedocument.wordprocessingml.template" ["dotx"] in Zip;
    Dotm "dotm" Document "application/vnd.ms-word.template.macroenabled.12" ["dotm"] in Zip;
    Xlsx "xlsx" Document "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" ["xlsx"] in Zip;
    Xlsm "xlsm" Document "application/vnd.ms-excel.sheet.macroenabled.12" ["xlsm"] in Zip;
    Xlsb "xlsb" Document "application/vnd.ms-excel.sheet.binary.macroenabled.12" ["xlsb"] in Zip;
    Xltx "xltx" Document "application/vnd.openxmlformats-officedocument.spreadsheetml.template" ["xltx"] in Zip;
    Xltm "xltm" Document "application/vnd.ms-excel.template.macroenabled.12" ["xltm"] in Zip;
    Xlam "xlam" Document "application/vnd.ms-excel.addin.macroenabled.12" ["xlam"] in Zip;
    Pptx "pptx" Document "application/vnd.openxmlformats-officedocument.presentationml.presentation" ["pptx"] in Zip;
    Pptm "pptm" Document "application/vnd.ms-powerpoint.presentation.macroenabled.12" ["pptm"] in Zip;
    Ppsx "ppsx" Document "application/vnd.openxmlformats-officedocument.presentationml.slideshow" ["ppsx"] in Zip;
    Ppsm "ppsm" Document "application/vnd.ms-powerpoint.slideshow.macroenabled.12" ["ppsm"] in Zip;
    Potx "potx" Document "application/vnd.openxmlformats-officedocument.presentationml.template" ["potx"] in Zip;
    Potm "potm" Document "application/vnd.ms-powerpoint.template.macroenabled.12" ["potm"] in Zip;
    Ppam "ppam" Document "application/vnd.ms-powerpoint.addin.macroenabled.12" ["ppam"] in Zip;
    Thmx "thmx" Document "application/vnd.ms-officetheme" ["thmx"] in Zip;
    Ooxml "ooxml" Document "application/x-ooxml" ["docx" "xlsx" "pptx"] in Zip;
    OoxmlEncrypted "ooxml-encrypted" Document "application/encrypted" ["docx" "xlsx" "pptx" "docm" "xlsm" "pptm" "xlsb"] in Ole;
    Visio "vsd" Document "application/vnd.visio" ["vsd" "vss" "vst"] in Ole;
    Vsdx "vsdx" Document "application/vnd.ms-visio.drawing" ["vsdx" "vsdm" "vssx" "vstx"] in Zip;
    Publisher "pub" Document "application/vnd.ms-publisher" ["pub"] in Ole;
    Project "mpp" Document "application/vnd.ms-project" ["mpp" "mpt"] in Ole;
    Works "wps" Document "application/vnd.ms-works" ["wps" "wks" "wdb"] in Ole;
    OneNote "onenote" Document "application/onenote" ["one"];
    OneNoteToc "onetoc2" Document "application/onenote" ["onetoc2"];
    WordMl "wordml" Document "text/xml" ["xml" "doc"] in Xml;
    SpreadsheetMl "spreadsheetml" Document "text/xml" ["xml" "xls"] in Xml;
    Odt "odt" Document "application/vnd.oasis.opendocument.text" ["odt"] in Zip;
    Ods "ods" Document "application/vnd.oasis.opendocument.spreadsheet" ["ods"] in Zip;
    Odp "odp" Document "application/vnd.oasis.opendocument.presentation" ["odp"] in Zip;
    Odg "odg" Document "application/vnd.oasis.opendocument.graphics" ["odg"] in Zip;
    Odf "odf" Document "application/vnd.oasis.opendocument.formula" ["odf"] in Zip;
    Odc "odc" Document "application/vnd.oasis.opendocument.chart" ["odc"] in Zip;
    Odi "odi" Document "application/vnd.oasis.opendocument.image" ["odi"] in Zip;
    Odb "odb" Document "application/vnd.oasis.opendocument.base" ["odb"] in Zip;
    Odm "odm" Document "application/vnd.oasis.opendocument.text-master" ["odm"] in Zip;
    Ott "ott" Document "application/vnd.oasis.opendocument.text-template" ["ott"] in Zip;
    Ots "ots" Document "application/vnd.oasis.opendocument.spreadsheet-template" ["ots"] in Zip;
    Otp "otp" Document "application/vnd.oasis.opendocument.presentation-template" ["otp"] in Zip;
    Otg "otg" Document "application/vnd.oasis.opendocument.graphics-template" ["otg"] in Zip;
    Fodt "fodt" Document "application/vnd.oasis.opendocument.text-flat-xml" ["fodt"] in Xml;
    Fods "fods" Document "application/vnd.oasis.opendocument.spreadsheet-flat-xml" ["fods"] in Xml;
    Fodp "fodp" Document "application/vnd.oasis.opendocument.presentation-flat-xml" ["fodp"] in Xml;
    Sxw "sxw" Document "application/vnd.sun.xml.writer" ["sxw" "stw"] in Zip;
    Sxc "sxc" Document "application/vnd.sun.xml.calc" ["sxc" "stc"] in Zip;
    Sxi "sxi" Document "application/vnd.sun.xml.impress" ["sxi" "sti"] in Zip;
    Sxd "sxd" Document "application/vnd.sun.xml.draw" ["sxd"] in Zip;
    StarOffice "staroffice" Document "application/vnd.stardivision.writer" ["sdw" "sdc" "sdd" "sda"] in Ole;
    Hwp "hwp" Document "application/x-hwp" ["hwp"] in Ole;
    Hwp3 "hwp3" Document "application/x-hwp" ["hwp"];
    Hwpx "hwpx" Document "application/hwp+zip" ["hwpx"] in Zip;
    IWork "iwork" Document "application/vnd.apple.iwork" ["pages" "numbers" "key"] in Zip;
    Xps "xps" Document "application/vnd.ms-xpsdocument" ["xps" "oxps"] in Zip;
    Epub "epub" Document "application/epub+zip" ["epub"] in Zip;
    Mobi "mobi" Document "application/x-mobipocket-ebook" ["mobi" "azw" "azw3" "prc"];
    Lit "lit" Document "application/x-ms-reader" ["lit"];
    Chm "chm" Document "application/vnd.ms-htmlhelp" ["chm" "chi"];
    Hlp "hlp" Document "application/winhlp" ["hlp"];
    WordPerfect "wpd" Document "application/vnd.wordperfect" ["wpd" "wp" "wpt"];
    Lotus123 "wk1" Document "application/vnd.lotus-1-2-3" ["wk1" "wk3" "wk4" "wks" "123"];
    AbiWord "abw" Document "application/x-abiword" ["abw"] in Xml;
    Dvi "dvi" Document "application/x-dvi" ["dvi"];
    Pcl "pcl" Document "application/vnd.hp-pcl" ["pcl" "prn"];
    Pjl "pjl" Document "application/vnd.hp-pjl" ["prn" "pcl"];
    Tex "tex" Document "text/x-tex" ["tex" "ltx" "sty" "cls" "latex"] in Txt;
    Troff "troff" Document "text/troff" ["1" "2" "3" "4" "5" "6" "7" "8" "9" "man" "me" "ms" "mdoc" "tr" "roff"] in Txt;
    Texinfo "texinfo" Document "text/x-texinfo" ["texi" "texinfo" "txi"] in Txt;
    Info "info" Document "text/x-info" ["info"] in Txt;

    // Mail and what people keep beside it.
    Eml "eml" Mail "message/rfc822" ["eml" "mht" "mhtml" "nws"] in Txt;
    Mht "mht" Mail "multipart/related" ["mht" "mhtml" "doc" "eml"] in Txt;
    Mbox "mbox" Mail "application/mbox" ["mbox" "mbx"] in Txt;
    Emlx "emlx" Mail "message/x-emlx" ["emlx"] in Txt;
    Msg "msg" Mail "application/vnd.ms-outlook" ["msg" "oft"] in Ole;
    Tnef "tnef" Mail "application/vnd.ms-tnef" ["dat" "tnef"];
    Pst "pst" Mail "application/vnd.ms-outlook-pst" ["pst" "ost" "pab"];
    Dbx "dbx" Mail "application/x-outlook-express-dbx" ["dbx"];
    VCard "vcard" Mail "text/vcard" ["vcf" "vcard"] in Txt;
    ICalendar "ics" Mail "text/calendar" ["ics" "ifb" "vcs"] in Txt;

    // Archives and packages.
    Ole "ole" Archive "application/x-ole-storage" ["ole"];
    OleObject "ole-object" Data "application/x-oleobject" ["bin"] in Ole;
    VbaProject "vba-project" Script "application/vnd.ms-office.vbaproject" ["bin"] in Ole;
    Msi "msi" Archive "application/x-msi" ["msi" "msm"] in Ole;
    Msp "msp" Archive "application/x-msp" ["msp"] in Ole;
    Mst "mst" Archive "application/x-mst" ["mst"] in Ole;
    ThumbsDb "thumbs" System "application/x-thumbs-db" ["db"] in Ole;
    JumpList "jumplist" System "application/x-ms-jumplist" ["automaticdestinations-ms"] in Ole;
    Zip "zip" Archive "application/zip" ["zip" "cbz" "zipx" "egg"];
    Jar "jar" Archive "application/java-archive" ["jar" "ear"] in Zip;
    War "war" Archive "application/x-webarchive-java" ["war"] in Zip;
    Apk "apk" Archive "application/vnd.android.package-archive" ["apk"] in Zip;
    Aab "aab" Archive "application/x-android-app-bundle" ["aab"] in Zip;
    Aar "aar" Archive "application/x-android-archive" ["aar"] in Zip;
    Ipa "ipa" Archive "application/x-ios-app" ["ipa"] in Zip;
    Xpi "xpi" Archive "application/x-xpinstall" ["xpi"] in Zip;
    Crx "crx" Archive "application/x-chrome-extension" ["crx"];
    Vsix "vsix" Archive "application/vsix" ["vsix"] in Zip;
    Nupkg "nupkg" Archive "application/x-nupkg" ["nupkg" "snupkg"] in Zip;
    Wheel "whl" Archive "application/x-wheel+zip" ["whl"] in Zip;
    Appx "appx" Archive "application/vnd.ms-appx" ["appx" "msix" "appxbundle" "msixbundle"] in Zip;
    Xap "xap" Archive "application/x-silverlight-app" ["xap"] in Zip;
    Kmz "kmz" Archive "application/vnd.google-earth.kmz" ["kmz"] in Zip;
    ThreeMf "3mf" Drawing "model/3mf" ["3mf"] in Zip;
    OpenRaster "ora" Image "image/openraster" ["ora"] in Zip;
    Jmod "jmod" Archive "application/x-java-jmod" ["jmod"];
    Jimage "jimage" Archive "application/x-java-jimage" [];
    SevenZip "7z" Archive "application/x-7z-compressed" ["7z"];
    Rar "rar" Archive "application/x-rar" ["rar" "cbr" "rev"];
    Tar "tar" Archive "application/x-tar" ["tar" "ova" "gem" "cbt"];
    Cab "cab" Archive "application/vnd.ms-cab-compressed" ["cab" "msu" "wsp" "diagcab" "puz"];
    InstallShieldCab "iscab" Archive "application/x-installshield" ["cab" "hdr"];
    Ace "ace" Archive "application/x-ace-compressed" ["ace"];
    Arj "arj" Archive "application/x-arj" ["arj"];
    Arc "arc" Archive "application/x-arc" ["arc"];
    Lha "lha" Archive "application/x-lzh-compressed" ["lzh" "lha"];
    Zoo "zoo" Archive "application/x-zoo" ["zoo"];
    Alz "alz" Archive "application/x-alz-compressed" ["alz"];
    Egg "egg" Archive "application/x-egg" ["egg"];
    StuffIt "sit" Archive "application/x-stuffit" ["sit" "sitx"];
    Cpio "cpio" Archive "application/x-cpio" ["cpio"];
    Deb "deb" Archive "application/vnd.debian.binary-package" ["deb" "udeb" "ipk"] in Ar;
    Rpm "rpm" Archive "application/x-rpm" ["rpm"];
    Xar "xar" Archive "application/x-xar" ["xar" "pkg" "xip"];
    Wim "wim" Archive "application/x-ms-wim" ["wim" "esd" "swm"];
    Asar "asar" Archive "application/x-asar" ["asar"];
    Dump "dump" Archive "application/x-unix-dump" [];
    AndroidBackup "adb-backup" Archive "application/x-android-backup" ["ab"];
    Uuencode "uuencode" Archive "text/x-uuencode" ["uu" "uue"] in Txt;
    BinHex "binhex" Archive "application/mac-binhex40" ["hqx"] in Txt;
    Yenc "yenc" Archive "text/x-yenc" ["ync"] in Txt;
    AppleDouble "appledouble" Archive "application/applefile" [];
    AppleSingle "applesingle" Archive "application/applefile" [];
    Gzip "gzip" Compressed "application/gzip" ["gz" "tgz" "svgz" "emz" "wmz" "z" "vgz" "apkg"];
    Bzip2 "bzip2" Compressed "application/x-bzip2" ["bz2" "tbz" "tbz2" "bz"];
    Xz "xz" Compressed "application/x-xz" ["xz" "txz"];
    Lzma "lzma" Compressed "application/x-lzma" ["lzma" "tlz"];
    Zstd "zstd" Compressed "application/zstd" ["zst" "tzst"];
    Lz4 "lz4" Compressed "application/x-lz4" ["lz4"];
    Lzip "lzip" Compressed "application/x-lzip" ["lz" "tlz"];
    Lzop "lzop" Compressed "application/x-lzop" ["lzo"];
    Compress "compress" Compressed "application/x-compress" ["z" "taz"];
    Pack "pack" Compressed "application/x-pack" ["z"];
    Snappy "snappy" Compressed "application/x-snappy-framed" ["sz"];
    Zpaq "zpaq" Compressed "application/x-zpaq" ["zpaq"];
    Lzfse "lzfse" Compressed "application/x-lzfse" ["lzfse"];
    Zlib "zlib" Compressed "application/zlib" ["zlib" "zz"];
    MsCompress "mscompress" Compressed "application/x-ms-compress-szdd" [];

    // Disks and file systems.
    Iso "iso" DiskImage "application/x-iso9660-image" ["iso" "img" "cdr"];
    Udf "udf" DiskImage "application/x-udf-image" ["iso" "udf" "img"];
    Dmg "dmg" DiskImage "application/x-apple-diskimage" ["dmg"];
    Vhd "vhd" DiskImage "application/x-vhd" ["vhd" "avhd"];
    Vhdx "vhdx" DiskImage "application/x-vhdx" ["vhdx" "avhdx"];
    Vmdk "vmdk" DiskImage "application/x-vmdk" ["vmdk"];
    VmdkText "vmdk-text" DiskImage "text/x-vmdk-descriptor" ["vmdk"] in Txt;
    Qcow "qcow2" DiskImage "application/x-qemu-disk" ["qcow2" "qcow"];
    Vdi "vdi" DiskImage "application/x-virtualbox-vdi" ["vdi"];
    Squashfs "squashfs" DiskImage "application/x-squashfs" ["squashfs" "snap" "sqfs" "sfs" "appimage"];
    Cramfs "cramfs" DiskImage "application/x-cramfs" ["cramfs" "img"];
    Romfs "romfs" DiskImage "application/x-romfs" ["romfs" "img"];
    ExtFs "ext" DiskImage "application/x-ext-filesystem" ["img" "ext2" "ext3" "ext4"];
    FatFs "fat" DiskImage "application/x-fat-filesystem" ["img" "ima" "vfd" "flp"];
    Ntfs "ntfs" DiskImage "application/x-ntfs-filesystem" ["img"];
    Mbr "mbr" DiskImage "application/x-mbr" ["img" "mbr"];
    AndroidSparse "simg" DiskImage "application/x-android-sparse" ["img" "simg"];
    AndroidBoot "android-boot" DiskImage "application/x-android-boot" ["img"];
    UBoot "uboot" DiskImage "application/x-uboot-image" ["img" "uimage"];
    DeviceTree "dtb" Data "application/x-devicetree" ["dtb" "dtbo"];
    Ewf "ewf" DiskImage "application/x-ewf" ["e01" "ex01"];
    Luks "luks" DiskImage "application/x-luks" ["luks" "img"];
    LinuxKernel "vmlinuz" Executable "application/x-linux-kernel" [];

    // Images.
    Png "png" Image "image/png" ["png" "apng"];
    Jpeg "jpeg" Image "image/jpeg" ["jpg" "jpeg" "jpe" "jfif"];
    Gif "gif" Image "image/gif" ["gif"];
    Bmp "bmp" Image "image/bmp" ["bmp" "dib"];
    Tiff "tiff" Image "image/tiff" ["tif" "tiff" "dng" "nef" "arw" "nrw" "pef" "sr2"];
    WebP "webp" Image "image/webp" ["webp"];
    Ico "ico" Image "image/vnd.microsoft.icon" ["ico"];
    Cur "cur" Image "image/x-win-bitmap" ["cur"];
    Ani "ani" Image "application/x-navi-animation" ["ani"];
    Psd "psd" Image "image/vnd.adobe.photoshop" ["psd" "psb"];
    Xcf "xcf" Image "image/x-xcf" ["xcf"];
    Svg "svg" Image "image/svg+xml" ["svg"] in Xml;
    Wmf "wmf" Image "image/wmf" ["wmf"];
    Emf "emf" Image "image/emf" ["emf"];
    Jp2 "jp2" Image "image/jp2" ["jp2" "jpx" "jpf" "jpm"];
    J2k "j2k" Image "image/x-jp2-codestream" ["j2k" "j2c" "jpc"];
    JpegXl "jxl" Image "image/jxl" ["jxl"];
    JpegXr "jxr" Image "image/jxr" ["jxr" "wdp" "hdp"];
    Heic "heic" Image "image/heic" ["heic" "heif" "hif"];
    Avif "avif" Image "image/avif" ["avif"];
    Cr2 "cr2" Image "image/x-canon-cr2" ["cr2"];
    Cr3 "cr3" Image "image/x-canon-cr3" ["cr3"];
    Raf "raf" Image "image/x-fuji-raf" ["raf"];
    Tga "tga" Image "image/x-tga" ["tga"];
    Pcx "pcx" Image "image/vnd.zbrush.pcx" ["pcx"];
    Pnm "pnm" Image "image/x-portable-anymap" ["pnm" "pbm" "pgm" "ppm" "pam"];
    Xpm "xpm" Image "image/x-xpixmap" ["xpm"] in Txt;
    Xbm "xbm" Image "image/x-xbitmap" ["xbm"] in Txt;
    Dds "dds" Image "image/vnd.ms-dds" ["dds"];
    Icns "icns" Image "image/x-icns" ["icns"];
    Exr "exr" Image "image/x-exr" ["exr"];
    Hdr "hdr" Image "image/vnd.radiance" ["hdr" "pic" "rgbe"];
    Fits "fits" Image "image/fits" ["fits" "fit" "fts"];
    Dicom "dicom" Image "application/dicom" ["dcm" "dic"];
    Dpx "dpx" Image "image/x-dpx" ["dpx" "cin"];
    Qoi "qoi" Image "image/x-qoi" ["qoi"];
    Bpg "bpg" Image "image/bpg" ["bpg"];
    Sgi "sgi" Image "image/x-sgi" ["sgi" "rgb" "bw"];
    SunRaster "ras" Image "image/x-sun-raster" ["ras"];
    Mng "mng" Image "video/x-mng" ["mng"];
    Jng "jng" Image "image/x-jng" ["jng"];
    Flif "flif" Image "image/flif" ["flif"];
    Xcursor "xcursor" Image "image/x-xcursor" [];
    Icc "icc" Data "application/vnd.iccprofile" ["icc" "icm"];

    // Sound.
    Mp3 "mp3" Audio "audio/mpeg" ["mp3" "mp2" "mpga"];
    Wav "wav" Audio "audio/x-wav" ["wav" "wave" "bwf"];
    Flac "flac" Audio "audio/flac" ["flac"];
    Ogg "ogg" Audio "audio/ogg" ["ogg" "oga" "opus" "spx"];
    Aac "aac" Audio "audio/x-hx-aac-adts" ["aac" "adts"];
    M4a "m4a" Audio "audio/x-m4a" ["m4a" "m4b"];
    Aiff "aiff" Audio "audio/x-aiff" ["aiff" "aif" "aifc"];
    Au "au" Audio "audio/basic" ["au" "snd"];
    Midi "midi" Audio "audio/midi" ["mid" "midi" "kar" "rmi"];
    Amr "amr" Audio "audio/amr" ["amr" "awb"];
    Ape "ape" Audio "audio/x-ape" ["ape"];
    WavPack "wavpack" Audio "audio/x-wavpack" ["wv"];
    Musepack "mpc" Audio "audio/x-musepack" ["mpc"];
    Ac3 "ac3" Audio "audio/ac3" ["ac3"];
    Dts "dts" Audio "audio/vnd.dts" ["dts"];
    Caf "caf" Audio "audio/x-caf" ["caf"];
    Dsf "dsf" Audio "audio/x-dsf" ["dsf" "dff"];
    Voc "voc" Audio "audio/x-voc" ["voc"];
    Tracker "tracker" Audio "audio/x-mod" ["xm" "s3m"];
    SoundFont "sf2" Audio "audio/x-sfbk" ["sf2"];
    M3u "m3u" Audio "audio/x-mpegurl" ["m3u" "m3u8"] in Txt;
    Pls "pls" Audio "audio/x-scpls" ["pls"] in Txt;

    // Film.
    Mp4 "mp4" Video "video/mp4" ["mp4" "m4v" "f4v" "mpg4" "m4a" "m4b"];
    QuickTime "mov" Video "video/quicktime" ["mov" "qt"];
    ThreeGp "3gp" Video "video/3gpp" ["3gp" "3gpp" "3g2"];
    Avi "avi" Video "video/x-msvideo" ["avi"];
    Mkv "mkv" Video "video/x-matroska" ["mkv" "mka" "mks" "mk3d"];
    WebM "webm" Video "video/webm" ["webm" "weba"];
    Flv "flv" Video "video/x-flv" ["flv"];
    Asf "asf" Video "video/x-ms-asf" ["wmv" "wma" "asf" "wm"];
    MpegPs "mpeg" Video "video/mpeg" ["mpg" "mpeg" "vob" "m1v" "m2v" "mpe"];
    MpegTs "mpegts" Video "video/mp2t" ["ts" "m2ts" "mts" "m2t"];
    Ogv "ogv" Video "video/ogg" ["ogv" "ogx" "ogm"];
    RealMedia "rm" Video "application/vnd.rn-realmedia" ["rm" "rmvb" "ra" "ram"];
    Mxf "mxf" Video "application/mxf" ["mxf"];
    Ivf "ivf" Video "video/x-ivf" ["ivf"];
    Y4m "y4m" Video "video/x-yuv4mpeg" ["y4m"];
    Bink "bink" Video "video/vnd.radgamettools.bink" ["bik" "bk2"];
    SubRip "srt" Text "application/x-subrip" ["srt"] in Txt;
    WebVtt "vtt" Text "text/vtt" ["vtt"] in Txt;
    Riff "riff" Data "application/x-riff" ["riff" "cdr" "pal"];
    Iff "iff" Data "application/x-iff" ["iff" "lbm" "ilbm" "8svx"];
    Ebml "ebml" Data "application/x-ebml" [];

    // Fonts.
    Ttf "ttf" Font "font/sfnt" ["ttf"];
    Otf "otf" Font "application/vnd.ms-opentype" ["otf"];
    Ttc "ttc" Font "font/collection" ["ttc" "otc"];
    Woff "woff" Font "font/woff" ["woff"];
    Woff2 "woff2" Font "font/woff2" ["woff2"];
    Eot "eot" Font "application/vnd.ms-fontobject" ["eot"];
    Type1 "type1" Font "application/x-font-type1" ["pfb" "pfa" "pfm" "t1"];
    Bdf "bdf" Font "application/x-font-bdf" ["bdf"] in Txt;
    Pcf "pcf" Font "application/x-font-pcf" ["pcf"];
    Psf "psf" Font "application/x-font-psf" ["psf" "psfu"];
    Afm "afm" Font "application/x-font-afm" ["afm"] in Txt;

    // Drawings and models.
    Dwg "dwg" Drawing "image/vnd.dwg" ["dwg" "dwt" "dws"];
    Dxf "dxf" Drawing "image/vnd.dxf" ["dxf"];
    Dwf "dwf" Drawing "model/vnd.dwf" ["dwf" "dwfx"];
    Dgn "dgn" Drawing "image/vnd.dgn" ["dgn"];
    Step "step" Drawing "model/step" ["stp" "step" "p21"] in Txt;
    Stl "stl" Drawing "model/stl" ["stl"];
    Gltf "glb" Drawing "model/gltf-binary" ["glb"];
    Blend "blend" Drawing "application/x-blender" ["blend"];
    Fbx "fbx" Drawing "application/x-fbx" ["fbx"];
    Ply "ply" Drawing "application/x-ply" ["ply"];
    SketchUp "skp" Drawing "application/vnd.sketchup.skp" ["skp"];

    // Databases and tables.
    Sqlite "sqlite" Database "application/vnd.sqlite3" ["db" "sqlite" "sqlite3" "db3" "s3db" "sl3"];
    Mdb "mdb" Database "application/x-msaccess" ["mdb" "mde" "mda" "mdw"];
    Accdb "accdb" Database "application/x-msaccess" ["accdb" "accde"];
    Ese "ese" Database "application/x-ms-ese" ["edb" "dit" "sdb" "dat"];
    Dbf "dbf" Database "application/x-dbf" ["dbf"];
    BerkeleyDb "bdb" Database "application/x-berkeley-db" ["db"];
    Gdbm "gdbm" Database "application/x-gdbm" ["gdbm" "db"];
    Hdf5 "hdf5" Database "application/x-hdf5" ["h5" "hdf5" "hdf" "he5" "nc" "mat"];
    NetCdf "netcdf" Database "application/x-netcdf" ["nc" "cdf"];
    Matlab "mat" Database "application/x-matlab-data" ["mat"];
    Parquet "parquet" Database "application/vnd.apache.parquet" ["parquet"];
    Arrow "arrow" Database "application/vnd.apache.arrow.file" ["arrow" "feather"];
    Avro "avro" Database "application/x-avro" ["avro"];
    Orc "orc" Database "application/x-orc" ["orc"];
    Npy "npy" Database "application/x-numpy" ["npy"];
    RData "rdata" Database "application/x-rdata" ["rdata" "rda" "rds"];
    Redis "rdb" Database "application/x-redis-rdb" ["rdb"];
    Gguf "gguf" Database "application/x-gguf" ["gguf"];
    Pickle "pickle" Data "application/x-python-pickle" ["pkl" "pickle" "p"];
    JavaSerialized "java-serialized" Data "application/x-java-serialized-object" ["ser"];
    DotnetSerialized "nrbf" Data "application/x-dotnet-serialized" ["bin"];
    DotnetResources "resources" Data "application/x-dotnet-resources" ["resources"];
    CompiledRes "res" Data "application/x-ms-res" ["res"];

    // Recorded traffic.
    Pcap "pcap" Capture "application/vnd.tcpdump.pcap" ["pcap" "cap" "dmp"];
    Pcapng "pcapng" Capture "application/x-pcapng" ["pcapng" "ntar"];
    Snoop "snoop" Capture "application/x-snoop" ["snoop" "cap"];
    NetMon "netmon" Capture "application/x-netmon" ["cap"];

    // Keys, certificates and what holds secrets.
    Pem "pem" Crypto "application/x-pem-file" ["pem" "crt" "cer" "key" "csr" "p7b" "pub" "ca-bundle"] in Txt;
    Certificate "der" Crypto "application/pkix-cert" ["der" "cer" "crt"];
    Pkcs7 "pkcs7" Crypto "application/pkcs7-mime" ["p7b" "p7s" "p7m" "p7c" "cat"];
    Pkcs12 "pkcs12" Crypto "application/x-pkcs12" ["p12" "pfx"];
    DerKey "der-key" Crypto "application/pkcs8" ["der" "key" "p8"];
    Jks "jks" Crypto "application/x-java-keystore" ["jks" "keystore" "ks"];
    PgpArmor "pgp-armor" Crypto "application/pgp-encrypted" ["asc" "pgp" "gpg" "sig"] in Txt;
    PgpKeys "pgp" Crypto "application/pgp-keys" ["gpg" "pgp"];
    Keybox "kbx" Crypto "application/x-gnupg-keybox" ["kbx"];
    Kdbx "kdbx" Crypto "application/x-keepass" ["kdbx" "kdb"];
    SshKey "ssh-key" Crypto "text/x-ssh-public-key" ["pub"] in Txt;
    Ppk "ppk" Crypto "text/x-putty-private-key" ["ppk"] in Txt;

    // What systems and desktops act on.
    Lnk "lnk" System "application/x-ms-shortcut" ["lnk"];
    InternetShortcut "url" System "application/x-mswinurl" ["url" "website"] in Txt;
    DesktopEntry "desktop" System "application/x-desktop" ["desktop" "directory"] in Txt;
    RegistryHive "hive" System "application/x-ms-registry-hive" ["hiv" "hve" "dat"];
    RegFile "reg" System "text/x-ms-regedit" ["reg"] in Txt;
    Evtx "evtx" System "application/x-ms-evtx" ["evtx"];
    Evt "evt" System "application/x-ms-evt" ["evt"];
    Etl "etl" System "application/x-ms-etl" ["etl"];
    Prefetch "prefetch" System "application/x-ms-prefetch" ["pf"];
    Minidump "minidump" System "application/x-dmp" ["dmp" "mdmp"];
    KernelDump "kernel-dump" System "application/x-ms-memory-dump" ["dmp"];
    Scf "scf" System "application/x-ms-scf" ["scf"] in Txt;
    InfFile "inf" System "application/inf" ["inf"] in Txt;
    RdpFile "rdp" System "application/x-rdp" ["rdp"] in Txt;
    Torrent "torrent" System "application/x-bittorrent" ["torrent"];
    BinaryPlist "bplist" System "application/x-bplist" ["plist" "webarchive" "nib"];
    Plist "plist" System "application/x-plist" ["plist"] in Xml;
    DsStore "ds-store" System "application/x-ds-store" ["ds_store"];
    Journal "journal" System "application/x-systemd-journal" ["journal"];
    Utmp "utmp" System "application/x-utmp" ["utmp" "wtmp"];
    Terminfo "terminfo" System "application/x-terminfo" [];
    TzIf "tzif" System "application/tzif" [];
    GitPack "git-pack" Data "application/x-git-pack" ["pack"];
    GitIndex "git-index" Data "application/x-git-index" [];
    GitBundle "git-bundle" Archive "application/x-git-bundle" ["bundle"];
    JavaHprof "hprof" System "application/x-java-hprof" ["hprof"];

    // Scripts.
    Python "python" Script "text/x-script.python" ["py" "pyw" "pyi" "pyx" "wsgi"] in Txt;
    Perl "perl" Script "text/x-perl" ["pl" "pm" "t" "pod" "plx" "cgi" "ph"] in Txt;
    Shell "shell" Script "text/x-shellscript" ["sh" "bash" "zsh" "ksh" "csh" "command" "run" "bats" "postinst" "prerm"] in Txt;
    Batch "batch" Script "text/x-msdos-batch" ["bat" "cmd" "nt"] in Txt;
    PowerShell "powershell" Script "text/x-powershell" ["ps1" "psm1" "psd1"] in Txt;
    VbScript "vbscript" Script "text/vbscript" ["vbs" "vba" "bas" "cls" "frm"] in Txt;
    EncodedScript "encoded-script" Script "application/x-ms-encoded-script" ["vbe" "jse"];
    JavaScript "js" Script "application/javascript" ["js" "mjs" "cjs" "jse"] in Txt;
    TypeScript "typescript" Script "application/typescript" ["ts" "tsx" "mts"] in Txt;
    Hta "hta" Script "application/hta" ["hta"] in Html;
    Wsf "wsf" Script "text/x-wsf" ["wsf" "wsc" "sct"] in Xml;
    Php "php" Script "text/x-php" ["php" "phtml" "php3" "php4" "php5" "php7" "phps" "inc" "phar"] in Txt;
    Asp "asp" Script "text/asp" ["asp" "asa"] in Txt;
    Aspx "aspx" Script "text/x-aspx" ["aspx" "ashx" "asmx" "ascx" "master"] in Txt;
    Jsp "jsp" Script "text/x-jsp" ["jsp" "jspx" "jspf"] in Txt;
    Ruby "ruby" Script "text/x-ruby" ["rb" "rake" "gemspec"] in Txt;
    Lua "lua" Script "text/x-lua" ["lua"] in Txt;
    Tcl "tcl" Script "text/x-tcl" ["tcl" "tk" "exp" "tm"] in Txt;
    Awk "awk" Script "text/x-awk" ["awk"] in Txt;
    Sed "sed" Script "text/x-sed" ["sed"] in Txt;
    AppleScript "applescript" Script "text/x-applescript" ["applescript" "scpt"] in Txt;
    AutoIt "autoit" Script "text/x-autoit" ["au3"] in Txt;
    RScript "r" Script "text/x-r" ["r"] in Txt;
    Makefile "makefile" Script "text/x-makefile" ["mk" "mak" "make"] in Txt;
    CMake "cmake" Script "text/x-cmake" ["cmake"] in Txt;
    M4 "m4" Script "text/x-m4" ["m4" "ac"] in Txt;
    Sql "sql" Script "application/sql" ["sql"] in Txt;
    EmacsLisp "elisp" Script "text/x-elisp" ["el"] in Txt;
    VimScript "vim" Script "text/x-vim" ["vim"] in Txt;
    OtherScript "script" Script "text/x-script" [] in Txt;

    // Sources.
    CSource "c" Source "text/x-c" ["c" "h"] in Txt;
    Cpp "cpp" Source "text/x-c++" ["cpp" "cc" "cxx" "hpp" "hh" "hxx" "h" "ipp" "tcc"] in Txt;
    CSharp "csharp" Source "text/x-csharp" ["cs"] in Txt;
    Java "java" Source "text/x-java" ["java"] in Txt;
    Go "go" Source "text/x-go" ["go"] in Txt;
    Rust "rust" Source "text/x-rust" ["rs"] in Txt;
    Swift "swift" Source "text/x-swift" ["swift"] in Txt;
    Kotlin "kotlin" Source "text/x-kotlin" ["kt" "kts"] in Txt;
    Assembly "asm" Source "text/x-asm" ["s" "asm" "inc"] in Txt;
    Css "css" Source "text/css" ["css" "scss" "less"] in Txt;
    Pascal "pascal" Source "text/x-pascal" ["pas" "pp" "dpr"] in Txt;
    Diff "diff" Source "text/x-diff" ["diff" "patch"] in Txt;
    Po "po" Source "text/x-gettext-translation" ["po" "pot"] in Txt;

    // Structured text.
    Html "html" Markup "text/html" ["html" "htm" "xhtml" "shtml" "xht" "xhtm" "hhc" "hhk"] in Txt;
    Xml "xml" Markup "text/xml" ["xml" "xsd" "rng" "rss" "atom" "kml" "gpx" "wsdl" "resx" "config" "manifest" "xul" "rdf" "opf" "ncx" "vcxproj" "csproj" "props" "targets" "ui"] in Txt;
    Xslt "xslt" Markup "application/xslt+xml" ["xsl" "xslt"] in Xml;
    Json "json" Markup "application/json" ["json" "geojson" "ipynb" "map" "webmanifest" "har" "jsonld"] in Txt;
    JsonLines "jsonl" Markup "application/x-ndjson" ["jsonl" "ndjson" "json"] in Txt;
    Yaml "yaml" Markup "application/yaml" ["yaml" "yml"] in Txt;
    Toml "toml" Markup "application/toml" ["toml"] in Txt;
    Ini "ini" Text "text/x-ini" ["ini" "cfg" "conf" "inf" "properties" "service"] in Txt;
    Csv "csv" Text "text/csv" ["csv"] in Txt;
    Tsv "tsv" Text "text/tab-separated-values" ["tsv" "tab"] in Txt;
    Ldif "ldif" Text "text/x-ldif" ["ldif"] in Txt;
}
