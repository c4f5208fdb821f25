-- The last word of a name is the last name: what rtrim leaves when all but spaces may be cut off is the rest.
create table people_2 (
  id integer primary key,
  first text not null,
  last text not null check (last <> '')
) strict;

insert into people_2 (id, first, last)
  select id, rtrim(rest), substr(name, length(rest) + 1)
  from (select id, name, rtrim(name, replace(name, ' ', '')) as rest from people);

drop table people;
alter table people_2 rename to people;
