# What people read, in English. Keys and variables are the same in zh/words.ftl.

## Counts
passages = { $count ->
    [one] { $count } passage
   *[other] { $count } passages
 }
pages = { $count ->
    [one] { $count } page
   *[other] { $count } pages
 }
documents = { $count ->
    [one] { $count } document
   *[other] { $count } documents
 }

# Between the items of a list within a sentence.
list-separator = {", "}

## While it works
progress-search = Looking in the notes…
progress-understand = Thinking about your question…
progress-queue = { $waiting ->
    [one] One question is ahead of yours…
   *[other] { $waiting } questions are ahead of yours…
 }
progress-write = Writing the answer…
progress-summary = Reading part { $part } of { $parts }…
progress-fetch = Fetching { $name }…
progress-read = Reading { $name }…
progress-pages = Reading { $name }: page { $page } of { $pages }…
progress-index = Learning { $name }: { $passages }…
progress-vectors = Learning { $name }: { $done } of { $count } passages understood…

## Answers
sources = Sources
nearest = Nearest passages
page = p. { $page }
slide = slide { $slide }
slide-notes = notes of slide { $slide }
cell = cell { $cell }
rows = { $count ->
    [one] row { $first }
   *[other] rows { $first }–{ $last }
 }
lines = { $count ->
    [one] line { $first }
   *[other] lines { $first }–{ $last }
 }
time = at { $time }
not-from-notes = not from the notes
from-notes = The notes say:
not-covered = The notes of “{ $course }” do not cover this question.
not-covered-near = The notes of “{ $course }” do not cover this question. The nearest passages are below; perhaps one of them helps.
answer-from = This is the answer of { $time } to the same question.
pass-on = Ask the teacher
passed-on = Your question is on the teacher's list. Your name is not shown with it.
passed-on-already = This question is on the teacher's list already.
pass-on-gone = I no longer have that question. Please ask it again.
cut-off = The answer was cut off here, because the tutor is being restarted. It will be completed afterwards.
stopped = Stopped.
nothing-to-stop = There is no answer of yours to stop.
history-cut = Earlier parts of our conversation were too long to take into account.

## Summaries
summary-of = Summary of { $what }
summary-empty = There is nothing to summarise: “{ $course }” has no notes yet.
summary-which = What shall I summarise? Write /summary and the name of a document, a section or a topic. Available documents:
summary-nothing = I found nothing about “{ $topic }” in the notes of “{ $course }”.

## Courses
no-course = You are in no course yet. Ask your teacher for an invitation code and write /join CODE.
no-course-group = This chat has no course yet. A teacher of the course sets it with /switch COURSE.
which-course = You are in several courses. Choose one with /switch COURSE:
joined = Welcome to “{ $course }”! Ask me anything about its notes, for instance: { $example }
joined-teacher = Welcome to “{ $course }” as a teacher. Send me your notes as files (PDF, Word, PowerPoint, Markdown and many others), and I’ll learn them.
join-example = What is the main idea of the first chapter?
join-how = Write /join and the invitation code that your teacher gave you, such as /join K7Q2MX.
join-unknown = The code “{ $code }” is not valid, or it has expired. Please check it or ask your teacher for a new one.
join-direct = Please write to me in a direct chat to join a course.
courses-list = Your courses:
courses-current = in use
role-student = student
role-teacher = teacher
switched = Questions now go to “{ $course }”.
switched-group = This chat is now about “{ $course }”. Everybody here can ask about its notes.
switch-how = Write /switch and one of your courses:
leave-how = Write /leave and one of your courses:
left-as-admin = You are not a member of “{ $course }”; you see it as an admin of this tutor.
left = You have left “{ $course }”. An invitation code lets you in again.
course-unknown = There is no course “{ $course }” that you are in.
course-created = The course “{ $title }” is ready. Its identifier is { $course }. Send me its notes as files, and invite students with /invite.
course-exists = There is a course “{ $course }” already. Please choose another identifier.
course-how = Write /create, an identifier (a-z, 0-9, - and _) and a title, such as: /create cs231n Deep learning for vision
course-bad-id = “{ $id }” cannot be a course's identifier. Use 1 to 64 of a-z, 0-9, - and _.
invited = Invitation to “{ $course }” for the role { $role }: /join { $code } (valid for { $days } days; many people may use it)
rules-now = Sentences that the notes do not support are { $rule ->
    [drop] left out
   *[mark] kept and marked
 } in “{ $course }”.
rules-how = Teachers choose with /rules mark or /rules drop, and set how much meaning counts in search with /rules meaning 50 (0 to 100), /rules meaning off or /rules meaning default.
meaning-now = Search in “{ $course }”: { $kind ->
    [off] passages are found by their words alone.
    [set] meaning counts { $percent } %, words the rest.
   *[default] meaning counts { $percent } %, words the rest; this is the default.
 }
meaning-bad = “{ $share }” is no share. Write a number from 0 to 100, off or default.
teacher-only = Only a teacher of “{ $course }” may do that.
file-unread = I did not read “{ $name }”: only a teacher of “{ $course }” can give me files. Please write what matters in it as text.
admin-only = Only an admin may do that. Admins are named in the settings of the tutor.

## Documents
documents-none = “{ $course }” has no notes yet.
documents-list = The notes of “{ $course }”:
learned-added = Learned { $name }: { $passages }.
learned-replaced = Learned the new version of { $name }: { $passages }. /restore brings the old one back.
learned-unchanged = { $name } has not changed; I know it already.
removed = { $name } is taken out of the notes; /restore brings it back.
remove-how = Write /remove and the name of one of these documents:
remove-unknown = “{ $course }” has no document “{ $name }”.
restored = { $name } is back as it was before: { $passages }.
restored-instead = { $name } is back as it was before: { $passages }. /restore once more undoes this.
restore-how = Write /restore and the name of one of these documents, and it is as it was before its last change:
restore-none = In “{ $course }” no document was changed or removed that I could bring back.
restore-unknown = “{ $course }” has no earlier version of “{ $name }”.
learn-how = Send me a file (PDF, Word, PowerPoint, Markdown and many others), and I’ll learn it for “{ $course }”.

## Files that cannot be learned
file-unsupported = I cannot read { $name }. I can read { $supported } and source code.
file-wrong-type = { $name } is not what its name says, so I did not read it. Please check the file.
file-corrupt = { $name } is damaged and cannot be read. Please save or export it again.
file-password = { $name } is protected by a password. Please send it without one.
file-no-text = { $name } has no text, only images. Please send a version with text in it.
file-empty = { $name } is empty.
file-too-large = { $name } is too large. The limit is { $limit }.
file-too-slow = { $name } took too long to read, so I stopped. Please split it.
file-too-many-rows = { $name } has more than { $limit } rows. Please split it.
file-too-many-files = { $name } holds more than { $limit } files. Please split it.
file-too-nested = { $name } holds archives within archives, too deep to read. Please unpack it and send its files.
file-climbing = { $name } holds a path that leads out of it, as no honest archive does, so I did not read it.
file-nothing-readable = None of the files in { $name } can be read.
file-too-much-memory = { $name } needs more memory to read than it may use. Please split it or save it again.
remark-no-text = { $name } has no text on { $pages }, only images.
remark-recognised = { $name }: the text of { $pages } was recognised from images and may be wrong in places.
remark-pages = { $count ->
    [one] page { $list }
   *[other] pages { $list }
 }
remark-more = … and { $count } more remarks.
file-bad-name = { $name } has a name that cannot be kept. Please give the file another name.
file-fetch = I could not fetch { $name }. Please send it again.
file-cancelled = Reading { $name } was stopped; nothing was changed.

## About you
language-set = I answer in English from now on. Write /language auto to have me follow the language that you write in.
language-auto = I follow the language that you write in.
language-how = Write /language en, /language zh or /language auto.
link-code = Write this to me from your other account within { $minutes } minutes: /link { $code }
link-done = Your two accounts are now linked: courses, answers and settings are shared.
link-unknown = The code “{ $code }” is not valid, or it has expired. Write /link without a code to get a new one.
direct-only = That is private. Please write it to me in a direct chat.
export-done = This is all that I keep about you, in one JSON file.
export-refused = But this chat did not take the file, perhaps because of its size. Whoever runs the tutor can write it for you: tutor students export
export-no-files = I cannot send files here. Please use a direct chat in another app or the command line.
forget-ask = Shall I forget all that I keep about you: your courses, your questions and my answers? This cannot be undone. /export gives you a copy first.
forget-confirm = Yes, forget me
forget-keep = No, keep it
answers = { $count ->
    [one] { $count } answer
   *[other] { $count } answers
 }
records = { $count ->
    [one] { $count } other record
   *[other] { $count } other records
 }
forget-done = Done. I have forgotten you: { $answers } and { $records } are gone, from the disk too.
forget-kept = Nothing was changed.
usage-mine = Your answers so far: { $turns }. Tokens read: { $prompt } (of these { $cached } from the cache), written: { $completion }.
fresh = We start afresh. Your next question stands on its own.

## The teacher's list
questions-none = No questions were passed on in “{ $course }”.
questions-list = Questions that the notes of “{ $course }” did not answer:
question-done = Done
question-closed = The question is off the list.

## Help
start = Hello! I am your course tutor. I answer questions from your teacher's notes and show you where to find the answers there.
start-next = Write /join and your invitation code to begin, or /help to see what I can do.
help-intro = Ask me in your own words, such as: { $example }
help-example = What does the learning rate do?
help-follow = You can ask follow-up questions (“and why is that?”), in English or Chinese.
help-commands = Commands:
unknown-command = I do not know the command /{ $name }. /help shows what I can do.
button-old = This button no longer does anything. Please ask or use a command.
not-text = I can read text and files, not this. Please write your question.
empty = That message was empty. Please write your question.
too-long = That message is too long: { $length } characters. Please keep to { $limit }, or send it as a file.
too-many = Too many messages are waiting in this chat. Please wait for the answers.

## Troubles
trouble-late = The wait was too long. Please ask again in a moment.
trouble-busy = Many people are asking right now ({ $waiting } ahead of you). Please try again in a moment.
trouble-stopping = The tutor is being restarted. Please try again in a minute.
trouble-store = I could not read or save what I keep, so nothing was changed. The disk of the tutor may be full; please tell your teacher.
trouble-index = I could not read the course's notes just now. Please tell your teacher.
trouble-model = The model failed at this answer. Please try again; if it goes on, tell your teacher.
trouble-model-missing = The model of the tutor cannot be loaded. Please tell your teacher.
trouble-given-up = I could not answer this: I was interrupted at it several times. Please ask in other words; if it was a file, please tell your teacher.
trouble-task = Something went wrong inside the tutor. Please try again; if it goes on, tell your teacher.
trouble-prompt = This is too long for the model: { $tokens } tokens, where { $limit } fit. Please shorten it.
trouble-template = A prompt template is wrong. Please tell your teacher.

## The commands of the chat: what each does, then its argument
command-start = Begin
command-help = What I can do
command-ask = Ask about the course
command-ask-argument = Your question
command-summary = Summarise a document, a section or a topic
command-summary-argument = Its name, or a topic
command-join = Join a course
command-join-argument = The invitation code
command-courses = Show your courses
command-switch = Choose the course that you ask about
command-switch-argument = The course
command-leave = Leave a course
command-leave-argument = The course
command-new = Start a new conversation
command-stop = Stop the answer that is being written
command-language = Choose the language of my answers
command-language-argument = en, zh or auto
command-usage = Show what your answers cost
command-link = Connect your accounts on two platforms
command-link-argument = The code, on the second account
command-export = Get all that I keep about you
command-forget = Forget all that I keep about you
command-documents = Show the course's documents
command-learn = Teach me a document (teachers)
command-learn-argument = The file
command-remove = Remove a document (teachers)
command-remove-argument = The document's name
command-restore = Undo the last change of a document (teachers)
command-restore-argument = The document's name
command-invite = Make an invitation code (teachers)
command-invite-argument = student or teacher
command-questions = Show questions that were passed on (teachers)
command-rules = Rules: unsupported sentences, search (teachers)
command-rules-argument = mark, drop or meaning 50
command-create = Create a course (admins)
command-create-argument = Its identifier and its title

## What stands for an argument in the help
argument-question = question
argument-topic = topic
argument-code = code
argument-course = course
argument-language = language
argument-document = document
argument-role = role
argument-rule = rule
argument-file = file

## The command line
cli-heading-usage = Usage
cli-heading-commands = Commands
cli-heading-options = Options
cli-heading-arguments = Arguments
cli-heading-examples = Examples:
cli-option-help = Show this help
cli-option-version = Show the version
cli-option-data = The data folder (or TUTOR_DATA_FOLDER)
cli-option-config = The settings (or TUTOR_CONFIG); tutor.toml in the current folder when there is one
cli-option-json = Write one JSON object per line
cli = A course tutor that answers from the teacher's notes, with sources
cli-examples =
    tutor demo
    tutor courses create cs231n --title "Deep learning for vision"
    tutor ingest --course cs231n notes/
    tutor ask --course cs231n "What does the add gate do?"
    tutor serve
cli-ingest = Learn files and folders for a course
cli-ingest-course = The course
cli-ingest-paths = Files, or folders with all readable files in them
cli-ingest-watch = Stay, and learn what is added or changed. A document goes when its file goes, if it was learned from there; a folder without any files changes nothing. Ctrl-C ends it
cli-ingest-examples =
    tutor ingest --course cs231n notes/ slides.pdf
    tutor ingest --course cs231n --watch notes/
    tutor ingest --course cs231n --json notes/*.md
cli-search = Find passages in a course's notes
cli-search-course = The course
cli-search-words = What to search for
cli-search-document = Search in this document only
cli-search-k = How many passages at most
cli-search-examples =
    tutor search --course cs231n "add gate" -k 3
cli-ask = Ask one question about a course
cli-ask-course = The course
cli-ask-question = The question
cli-ask-student = Remember the question for this student, who can then ask back
cli-ask-examples =
    tutor ask --course cs231n "What does the add gate do to gradients?"
    tutor ask --course cs231n --student ada "And why is that?"
cli-summary = Summarise a course, a document or a topic
cli-summary-course = The course
cli-summary-document = Summarise this document
cli-summary-topic = Summarise what the notes say about these words
cli-summary-examples =
    tutor summary --course cs231n --document optimization-2.md
    tutor summary --course cs231n --topic "learning rate"
cli-chat = Talk to the tutor in this terminal
cli-chat-course = The course to talk about
cli-chat-examples =
    tutor chat --course cs231n
    echo "What is a gradient?" | tutor chat --course cs231n
cli-bench = Measure the chat model under the load of a class, one JSON line a run
cli-bench-mode = What the students ask about: shared, topics, distinct, repeat
cli-bench-students = Students who ask at the same time
cli-bench-rounds = Questions of each
cli-bench-context = Words of the notes in a question
cli-bench-answer = Tokens of an answer
cli-bench-long = Words of one more prompt that is read while all are being answered; how long the answers pause is told apart
cli-bench-seed = Another number gives other words
cli-bench-url = A server to measure instead: anything that speaks OpenAI’s chat protocol
cli-bench-model = What the model is called there; without it, the first that the server lists
cli-bench-key_file = A file of mode 600 with the key that the server asks for
cli-bench-examples =
    tutor bench
    tutor bench --mode topics --students 32
    tutor bench --mode distinct --students 4 --long 4000
    tutor bench --url http://gpu1:8000 --students 32
cli-eval = Measure how well the tutor finds and answers
cli-eval-examples =
    tutor eval retrieval --squad xquad.en.json
    tutor eval answers --course cs231n --csv questions.csv
cli-eval-retrieval = Measure search: every question of a collection against its passages, in a throw-away course; or your own questions, in your course
cli-eval-retrieval-squad = A collection in the form of SQuAD, one JSON file; each paragraph is a passage
cli-eval-retrieval-beir = A collection in the form of BEIR: a folder with corpus.jsonl, queries.jsonl and qrels.tsv
cli-eval-retrieval-csv = Your own questions: a table with the columns question, document and, if you like, section, page, answer
cli-eval-retrieval-course = The course that they are asked of
cli-eval-retrieval-examples =
    tutor eval retrieval --squad xquad.en.json
    tutor eval retrieval --beir scifact --json
    tutor eval retrieval --course cs231n --csv questions.csv
cli-eval-answers = Measure answers: the chat model answers questions as it answers students, and what it says is compared with known answers
cli-eval-answers-squad = A collection in the form of SQuAD, one JSON file; every second article is learned, in a throw-away course
cli-eval-answers-csv = Your own questions: a table with the columns question, document and, if you like, section, page, answer
cli-eval-answers-course = The course that they are asked of
cli-eval-answers-limit = The most questions, taken evenly
cli-eval-answers-examples =
    tutor eval answers --squad xquad.en.json --limit 50
    tutor eval answers --course cs231n --csv questions.csv
eval-failed = The evaluation failed: { $reason }
eval-method = method
eval-answered = answered
eval-refused = refused
eval-read = { $passages } passages, { $questions } questions. Answered and refused: with every second article learned, the share of questions about them that count as covered, and of questions about the others that do not.
eval-list-wrong = { $path }, line { $line }: { $fault ->
    [missing] the column “{ $column }” is missing.
    [unknown] there is no column “{ $column }”; a list has question, document and, if you like, section, page, answer.
    [twice] the column “{ $column }” stands there twice.
    [empty] the cell in the column “{ $column }” is empty.
    [number] “{ $found }” in the column “{ $column }” is no page number.
   *[cells] it has more or fewer cells than the first line.
 }
eval-list-read = { $questions ->
    [one] One question
   *[other] { $questions } questions
 }, of which { $wrong ->
    [0] all find their place.
   *[other] { $wrong } go wrong:
 }
eval-list-row = line { $line }: { $question } – { $why ->
    [covered] should be refused, but the notes count as covering it (“{ $first }”)
    [unknown] the course has no document “{ $document }”
    [uncovered] “{ $document }” is found, but does not count as covering it: the tutor would refuse
   *[elsewhere] “{ $document }” is not at its place among the first five; “{ $first }” comes first
 }
eval-progress = Question { $done } of { $all } …
eval-measure = measure
eval-share = share
eval-of = of
eval-answers-answered = questions on the notes that were answered
eval-answers-refused = other questions that were refused
eval-answers-contains = answers that contain a right one
eval-answers-f1 = tokens in common with a right answer (F1)
eval-answers-sources = sources that hold what was asked
eval-answers-supported = sentences that the notes support
eval-answers-quoted = answers in the notes’ own words
eval-answers-first = First word after { $half } s (half of the questions) and { $most } s (99 %).
eval-answers-row = { $question } – { $why ->
    [refused] refused, though the notes hold it
    [answered] answered, though the notes do not hold it
   *[other] answered without a source that holds it
 }
eval-no-embedder = Search by meaning was not measured: the embedder is not on this machine. Fetch it with: tutor models pull all-minilm-l6-v2
cli-models = Models: list, pull, path, prepare, devices
cli-models-examples =
    tutor models list
    tutor models pull smollm2-135m-instruct
cli-models-list = List the catalogue; * marks what is here
cli-models-list-examples =
    tutor models list
cli-models-pull = Fetch a model and check it
cli-models-pull-name = The model's name in the catalogue
cli-models-pull-examples =
    tutor models pull all-minilm-l6-v2
cli-models-prepare = Find the weights and settings that suit this machine, and keep them
cli-models-prepare-name = The model's name in the catalogue
cli-models-prepare-examples =
    tutor models prepare smollm2-135m-instruct
cli-models-devices = List the devices that models can run on
cli-models-devices-examples =
    tutor models devices
prepare-begins = Preparing { $model } for this machine, once: the load of a small class on each choice of weights and settings.
prepare-original = original weights
prepare-writing = writing { $weights } …
prepare-reading = measuring what { $weights } loses …
prepare-running = running the class load with { $way } …
prepare-ran = { $way }: { $seconds } s for the class, first word after { $first } s
prepare-lossy = { $weights } is left out: perplexity rises by { $percent } %
prepare-perplexity = perplexity on course text: { $values }
prepare-done = { $model } runs with { $way } on this machine ({ $machine }).
prepare-failed = { $model } could not be prepared: { $reason }
prepare-attention-auto = attention as llama.cpp chooses
prepare-attention-plain = plain attention
prepare-attention-flash = flash attention
prepare-tuning = { $attention }, cache in { $cache }
cli-models-path = Show where a model's file is
cli-models-path-name = The model's name in the catalogue
cli-models-path-examples =
    tutor models path smollm2-135m-instruct
cli-courses = Courses: create, list, invite, documents, meaning, remove, restore
cli-courses-examples =
    tutor courses create cs231n --title "Deep learning for vision"
    tutor courses invite cs231n --role student
cli-courses-create = Create a course
cli-courses-create-id = Its identifier: a-z, 0-9, - and _
cli-courses-create-title = Its title, as people read it
cli-courses-create-examples =
    tutor courses create cs231n --title "Deep learning for vision"
cli-courses-list = List the courses
cli-courses-list-examples =
    tutor courses list --json
cli-courses-invite = Make an invitation code and print it
cli-courses-invite-id = The course
cli-courses-invite-role = What the code lets people be
cli-courses-invite-examples =
    tutor courses invite cs231n --role teacher
cli-courses-documents = List a course's documents
cli-courses-documents-id = The course
cli-courses-documents-examples =
    tutor courses documents cs231n
cli-courses-meaning = Show or set how much meaning counts when a course is searched
cli-courses-meaning-id = The course
cli-courses-meaning-share = 0 (words alone) to 100 (meaning alone), off, or default
cli-courses-meaning-examples =
    tutor courses meaning cs231n
    tutor courses meaning cs231n 50
    tutor courses meaning cs231n default
cli-courses-remove = Remove a document from a course
cli-courses-remove-id = The course
cli-courses-remove-name = The document's name
cli-courses-remove-examples =
    tutor courses remove cs231n optimization-2.md
cli-courses-restore = Undo the last change of a document: its version before it was replaced or removed comes back
cli-courses-restore-id = The course
cli-courses-restore-name = The document's name
cli-courses-restore-examples =
    tutor courses restore cs231n optimization-2.md
cli-students = Students: list, export, forget
cli-students-examples =
    tutor students list
    tutor students export telegram:12345 > ada.json
cli-students-list = List the students by pseudonym
cli-students-list-examples =
    tutor students list --json
cli-students-export = Print all that is kept about a student as JSON
cli-students-export-id = The pseudonym, or an account such as telegram:12345
cli-students-export-examples =
    tutor students export telegram:12345 > ada.json
cli-students-forget = Remove all that is kept about a student, from the disk too
cli-students-forget-id = The pseudonym, or an account such as telegram:12345
cli-students-forget-examples =
    tutor students forget telegram:12345
cli-keys = Keys to the models as a service: create, list, revoke
cli-keys-examples =
    tutor keys create grader --requests-per-minute 60 --tokens-per-day 200000
    tutor keys list
    tutor keys revoke grader
cli-keys-create = Make a key and print it, this once
cli-keys-create-name = Its name: a-z, 0-9, - and _
cli-keys-create-requests_per_minute = Requests that it may make in a minute
cli-keys-create-tokens_per_day = Tokens of prompts and answers that it may use in a day (UTC)
cli-keys-create-priority = Whose turn it takes at the engine
cli-keys-create-expires = The last day on which it works, such as 2027-07-31 (UTC)
cli-keys-create-teach = A course whose documents it may list, upload and remove; can be given more than once
cli-keys-create-examples =
    tutor keys create grader --requests-per-minute 60 --tokens-per-day 200000 --expires 2027-07-31
    tutor keys create nightly --priority background
    tutor keys create moodle --teach cs231n
cli-keys-list = List the keys, their limits and what they used today
cli-keys-list-examples =
    tutor keys list --json
cli-keys-revoke = Make a key useless at once, on the running server too
cli-keys-revoke-name = Its name or id
cli-keys-revoke-examples =
    tutor keys revoke grader
cli-usage = Show what keys, courses, students and models used
cli-usage-by = One of them only
cli-usage-since = From this day on, such as 2026-09-01 (UTC)
cli-usage-examples =
    tutor usage
    tutor usage --by course --since 2026-09-01
    tutor usage --json
cli-serve = Run the bots that the settings name
cli-serve-examples =
    TUTOR_TELEGRAM_TOKEN=123:abc TUTOR_ACCESS_ADMINS=telegram:12345 tutor serve
    tutor serve --config /etc/tutor.toml
cli-demo = Learn a sample course and answer questions from it
cli-demo-examples =
    tutor demo
cli-learned-replaced = Learned the new version of { $name }: { $passages }. “tutor courses restore” brings the old one back.
cli-removed = { $name } is taken out of the notes; “tutor courses restore” brings it back.
cli-restored-instead = { $name } is back as it was before: { $passages }. The same command undoes this.
cli-watching = Watching { $path } for the course { $course }. Ctrl-C ends it.
cli-watch-ended = No longer watching. What was learned stays.
cli-watch-left = The file { $name } is gone. What the notes have under this name was learned from elsewhere and stays.
cli-nothing-found = Nothing was found.
cli-cannot-read = Cannot read { $path }: { $reason }
cli-course-unknown = There is no course “{ $course }”. Create it with: tutor courses create { $course } --title "…"
cli-course-created = The course “{ $title }” is ready. Teach it with: tutor ingest --course { $course } FILES
cli-student-unknown = There is no student “{ $student }”. “tutor students list” shows them.
cli-forgotten = Forgotten: { $answers } and { $records } are gone, from the disk too.
cli-held = The data folder { $folder } is in use by process { $pid }.
cli-open-failed = The tutor cannot start: { $reason }
cli-server-gone = The server that holds the data folder went away. Please try again.
cli-too-long = The question has { $length } characters; { $limit } fit.
cli-no-files = { $path } holds no files that I can read. I can read { $supported }.
cli-left-out = { $count ->
    [one] One file of another type was left out.
   *[other] { $count } files of other types were left out.
 }
cli-no-name = A student needs a name.
cli-empty = The question is empty.

## Keys and usage
key-created = The key “{ $name }” is shown this once; only its hash is kept. Programs send it as “Authorization: Bearer KEY”.
key-exists = There is a key “{ $name }” already. Revoke it first (tutor keys revoke { $name }), or choose another name.
key-bad-name = “{ $name }” cannot be a key's name. Use 1 to 64 of a-z, 0-9, - and _.
key-bad-date = A key cannot expire on { $date }.
key-unknown = There is no key “{ $name }”. “tutor keys list” shows them.
key-revoked = The key “{ $name }” no longer works.
keys-name = name
keys-id = id
keys-priority = priority
keys-teaches = teaches
keys-requests = requests/min
keys-limit = tokens/day
keys-today = today
keys-expires = expires (UTC)
usage-key = key
usage-course = course
usage-student = student
usage-model = model
usage-requests = requests
usage-prompt = tokens read
usage-cached = from the cache
usage-completion = written

## The console
console-prompt = you
console-welcome = Ask about your course. /help shows the commands, Ctrl-D leaves.
console-saved = Saved as { $path }
console-not-saved = { $path } could not be saved
console-stopped = Stopped.
console-cut-off = The tutor was interrupted. The answer comes at the next start.

## The server
serve-ready = The tutor is ready.
serve-alone = No messenger is set up: set TUTOR_TELEGRAM_TOKEN or TUTOR_DISCORD_TOKEN. Until then only this machine can ask (tutor chat).
serve-no-keys = Programs need a key to use the models at { $address }, and there is none yet: tutor keys create NAME
serve-stopping = The tutor is stopping; answers in progress are finished first.
serve-path-long = The path of the data folder is too long for the socket in it: { $path }. Please choose one of at most { $limit } characters.
serve-failed = { $what } failed: { $reason }
bench-key = The key in { $path } cannot be used: { $reason }
bench-server = The server cannot be measured: { $reason }
serve-model-failed = The model { $model } cannot be loaded: { $reason }. “tutor models pull { $model }” fetches it anew.

## Models
models-downloading = Fetching { $model }
models-verifying = Checking { $model }
models-converting = Converting { $model }
models-pulled = { $model } is at { $path }
models-pull-failed = { $model } could not be fetched: { $reason }

## The demo
demo-models = Fetching the models, once:
demo-learning = Learning the sample courses:
demo-draft = As the model writes it:
demo-checked = Checked against the notes:
demo-goodbye = That was the demo. Your own course: tutor courses create, tutor ingest, tutor serve. The README shows how.
demo-more = Keep asking; /courses shows the two sample courses, Ctrl-D leaves.

## Settings
config-mistakes = { $count ->
    [one] The settings have a mistake:
   *[other] The settings have { $count } mistakes:
 }
config-unknown = there is no such setting
config-unknown-near = there is no such setting; did you mean { $nearest }?
config-kind = “{ $found }” is not { $wanted }
config-range = { $found } is not between { $least } and { $most }
config-exposed = other users of this machine can read this file, and it holds a secret: chmod 600, or put the secret into the environment
config-file = cannot be read: { $reason }
config-model = no model that can do this is called “{ $found }”; there are { $fit }
config-open = programs on other machines need a key: leave this line out (or make it true), or listen on 127.0.0.1
config-wants-flag = true or false
config-wants-text = text
config-wants-number = a whole number
config-wants-url = an address that begins with http:// or https://
config-wants-models = a list of models such as qwen3-4b
config-wants-servers = a list of addresses such as http://gpu1:8000, or of tables with url, model and key
config-wants-server = an address that begins with http:// or https://, without a name, password or query in it
config-wants-address = an address and port such as 127.0.0.1:8080
config-wants-layers = “auto” or a number of layers
config-wants-accounts = a list of accounts such as telegram:12345
config-wants-log-format = “human” or “json”
config-wants-log-level = a level such as info or tutor=debug
