use crate::kit::{apart, shared, told, tree};
use crate::{Limits, take_apart};
use expect_test::expect;

/// Made by `7zz a -pjust-a-test -mhe=on` of one file.
#[rustfmt::skip]
const ENCRYPTED: &str = "377abcaf271c00047d81836ea0000000000000002e000000000000007a648a500ed1e703fdf5753ccdac55b3efa56ac8e48a6a8bf2e854e34f1debad5daee0312217ceff0d77bfca519dadcdee2e37082811021b13ef10bb0ef4a816c76b18a015a6efabde3600adb903df878bb4f2672c785acd2e84c3b51b5d75bb8fcd536c2c26ec315b88b4ab14a8eb0ada9759ce83e594f2a71b89839aaf3bea4c6cc97bb6f007c7a7f78517c17f35ae350b1e1786e7146f7c4d169ba203bca097b97e3c17063001097000070b0100012406f1070112530fed6d3f9b61153ec083c5c3e86d1250b30c620a01131a0b080000";
/// Made by `7zz a -m0=PPMd` of one file.
#[rustfmt::skip]
const PPMD: &str = "377abcaf271c00045f989a562d000000000000005200000000000000b229a3750054163bb6bc00c0541692710e586ff4e03c4f0e407b81e77d99bf58b26e386e6a2046c714784a73cdddf64c000104060001092d00070b010001230304010506000001000c2c00080a0138c1936d000005011906000000000000110d0061002e007400780074000000140a01008c07c1dbd27ddd01150601002080a4810000";

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap()).collect()
}

#[test]
fn a_list_that_is_encrypted_is_opened_with_its_password() {
    let archive = unhex(ENCRYPTED);
    let passwords = ["wrong".to_owned(), "just-a-test".to_owned()];
    let open = take_apart("x", &archive, &Limits::default(), &passwords, &|| false);
    expect![[r#"
        x | 7z 238
          a.txt | txt 44 | encrypted
    "#]]
    .assert_eq(&tree(&open));
    let shut = take_apart("x", &archive, &Limits::default(), &[], &|| false);
    expect![[r#"
        x | 7z 238
        sevenzip.encrypted_header = true
        sevenzip.entries = failed: file.encrypted
    "#]]
    .assert_eq(&(tree(&shut) + &told(&shut, "sevenzip")));
    assert!(open.is_complete() && !shut.is_complete());
    expect![[r#"
        x | 7z 159
          a.txt | txt 44 | ppmd
    "#]]
    .assert_eq(&tree(&apart(&unhex(PPMD))));
}

#[test]
fn a_real_archive_comes_apart() {
    let Some(bytes) = shared("test-documents.7z") else { return };
    let part = apart(&bytes);
    assert!(part.is_complete());
    let lines: Vec<String> =
        part.children.iter().map(|child| format!("{} {}", child.path, child.file.as_ref().unwrap().size)).collect();
    expect![[r#"
        test-documents/testEXCEL.xls 13824
        test-documents/testHTML.html 167
        test-documents/testOpenOffice2.odt 26448
        test-documents/testPDF.pdf 34824
        test-documents/testPPT.ppt 16384
        test-documents/testRTF.rtf 3410
        test-documents/testTXT.txt 49
        test-documents/testWORD.doc 19456
        test-documents/testXML.xml 766"#]]
    .assert_eq(&lines.join("\n"));
}
