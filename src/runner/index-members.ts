import type { DocumentReader } from '../ports/document-reader.ts';

/** Pages of all members of an index, in their order. */
export async function* pagesOf(documents: DocumentReader, index: string, pageSize = 500): AsyncGenerator<string[]> {
  for (let beyond: string | null = null; ;) {
    const page: string[] = await documents.scan({
      index,
      prefix: '',
      direction: 'ascending',
      beyond,
      limit: pageSize,
    });
    yield page;
    if (page.length < pageSize) return;
    beyond = page.at(-1) ?? null;
  }
}
