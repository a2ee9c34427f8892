//! The rules that every body of the port keeps, each run on each body.

mod courses;
mod forget;
mod inbox;
mod keys;
mod links;
mod meter;
mod people;
pub(super) mod sample;
mod turns;

/// Runs rules on the fake, on the store, and on a store that was closed and opened again in between.
macro_rules! keeps {
    ($($room:ident: $($rule:ident)+;)+) => {
        mod fake { $(mod $room { $(
            #[tokio::test]
            async fn $rule() {
                let memory = crate::memory::fake::FakeMemory::default();
                super::super::$room::$rule(&memory).await;
            }
        )+ })+ }
        mod sled { $(mod $room { $(
            #[tokio::test]
            async fn $rule() {
                let folder = tempfile::tempdir().unwrap();
                let memory = crate::memory::SledMemory::open(folder.path()).unwrap();
                super::super::$room::$rule(&memory).await;
            }
        )+ })+ }
    };
}

keeps! {
    people:
        welcomes_once
        refuses_a_pseudonym_that_is_taken
        saves_language_and_course_only
        lists_everybody_by_pseudonym;
    links:
        links_two_students_into_one
        takes_each_code_once_and_in_time
        replaces_an_older_offer
        adopts_an_account_without_a_student
        keeps_a_turn_that_was_under_way
        links_again_and_again;
    courses:
        creates_a_course_once
        changes_title_and_rules_only
        lets_students_in_and_out
        keeps_to_the_student_and_the_course
        knows_invitations_until_they_expire
        knows_the_course_of_a_place;
    keys:
        knows_a_key_by_its_hash_until_it_is_revoked
        keeps_names_apart
        lists_keys_by_name;
    meter:
        adds_up_by_day_and_name
        counts_a_turn_for_its_student_course_and_model
        follows_a_student_who_is_linked
        keeps_a_course_s_sums_when_a_student_is_forgotten;
    inbox:
        accepts_a_message_once
        keeps_pending_messages_in_order_by_platform
        notes_what_stands
        knows_ids_for_ninety_days
        keeps_the_last_mark_of_each_place
        ignores_messages_that_it_does_not_know;
    turns:
        keeps_a_turn_once
        recalls_the_latest_of_one_conversation
        starts_afresh
        counts_what_was_used
        passes_a_question_on_once
        answers_nothing_about_strangers;
    forget:
        exports_all_of_one_student
        removes_all_of_one_student
        keeps_what_others_have
        stays_forgotten
        forgets_places_that_only_the_student_used;
}
