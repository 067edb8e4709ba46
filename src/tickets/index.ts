export { TICKET_BOOK_DEFAULTS, TicketBook } from './ticket-book.js';
