/**
 * Makes one call of those of one turn of the event loop: a call to the server costs both sides more than most of what is in
 * it. What is asked in a later turn never joins, so every answer is newer than all that its asker can have known.
 *
 * @param flush takes what was asked in order and gives an answer each; when it rejects, all who asked are told
 * @param most in one call; more make another
 */
export function gather<Question, Answer>(
  most: number,
  flush: (questions: readonly Question[]) => Promise<readonly Answer[]>,
): (question: Question) => Promise<Answer> {
  let open: { readonly questions: Question[]; readonly answers: Promise<readonly Answer[]> } | null = null;

  function begin(): NonNullable<typeof open> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Answer[]>();
    const begun = { questions: [] as Question[], answers: promise };
    setImmediate(() => {
      if (open === begun) open = null;
      flush(begun.questions).then(resolve, reject);
    });
    return begun;
  }

  return async (question) => {
    if (open === null || open.questions.length >= most) open = begin();
    const { questions, answers } = open;
    const place = questions.push(question) - 1;
    return (await answers)[place] as Answer;
  };
}
