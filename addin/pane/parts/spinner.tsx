/** Something takes a moment. Looks like Fluent's, which alone would weigh 3 KB. */
export function Spinner({ label, small = false }: { readonly label: string; readonly small?: boolean }) {
  return (
    <p className={`spinner${small ? ' small' : ''}`}>
      <span className="wheel" aria-hidden="true" />
      {label}
    </p>
  )
}
