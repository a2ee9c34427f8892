//! The walls between the rooms: no leaf crate knows another, and none knows the root.

use std::process::Command;

#[test]
fn leaf_crates_do_not_know_each_other() {
    let leaves = ["tutor-bots", "tutor-index", "tutor-models", "tutor-prompts"];
    for leaf in leaves {
        let tree = Command::new(env!("CARGO"))
            .args(["tree", "--offline", "--locked", "-p", leaf, "-e", "normal,build,dev", "--prefix", "none"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let tree = String::from_utf8(tree.stdout).unwrap();
        assert!(tree.starts_with(leaf));
        let foreign = |line: &&str| line.starts_with("tutor") && !line.starts_with(leaf);
        assert_eq!(tree.lines().find(foreign), None, "{leaf} knows a room that it should not");
    }
}
