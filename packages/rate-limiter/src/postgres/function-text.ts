/**
 * The transition as one PL/pgSQL function: `transition.ts` and `algorithms/*.ts` again, where the laws and their reasons
 * are told.
 *
 * It differs in three ways. a) Numbers are bigint, which raises an error where a double only loses precision, so it
 * clamps before it multiplies: where a product would pass 2^51 its value no longer matters. b) A limit is measured in one
 * place, passed before the operation and again after it. c) The state of a key is one row: `words` of all limits in a
 * row, where a sliding log has three (newest time pushed; first time of which refunds are not void; how many times), and
 * `times` of all logs in a row.
 *
 * A row is locked before the time is read, so that who waits for the lock decides by the time at which it gets it. A
 * new key has no row to lock: its first state is inserted, and who finds that somebody else was first begins again.
 *
 * The answer is text, since drivers differ in what they make of other types: for each operation, the time, ±limit counted
 * from 1 (minus = refused), remaining, retryAfterMs, resetAfterMs, the wait of a reserve, and the units charged;
 * -1 = Infinity.
 */
import { BLOCK, FORCE, LEASE, PEEK, REFUND, RESERVE, TAKE } from '../transition.ts';

/** Forgets the key. Not one of a limiter's operations, but it must keep its place among them. */
export const RESET = 7;

/** Numbers that the function answers for each operation. */
export const NUMBERS_PER_ANSWER = 7;

/** The kinds of limits in the order of the function's CASE. */
export const KIND = { gcra: 0, 'fixed-window': 1, 'sliding-counter': 2, 'sliding-log': 3, blocklist: 4 } as const;

/** Constants per limit, padded with zeros: what the algorithm with most has. */
export const CONSTANTS = 4;

/** Above this many bytes an id is replaced by its hash: an index entry holds at most 2,704 bytes. */
const ID_BYTES_MAX = 1000;

const measureText = `
      case kinds[i]
      when ${KIND.gcra} then
        behind := words[w] < now_ms;
        if cost > constants[c + 4] then wait := forever;
        elsif behind then wait := 0;
        else
          x := words[w + 1] + cost * constants[c + 2] - constants[c + 3];
          wait := greatest(0, words[w] - now_ms
            + case when x > 0 then (x + constants[c + 1] - 1) / constants[c + 1] else x / constants[c + 1] end);
        end if;
        if behind then
          left_units := constants[c + 4];
          full_ms := 0;
        else
          x := words[w] - now_ms;
          if x > constants[c + 3] / constants[c + 1] then left_units := 0;
          else left_units := greatest(0, (constants[c + 3] - x * constants[c + 1] - words[w + 1]) / constants[c + 2]);
          end if;
          full_ms := x + case when words[w + 1] > 0 then 1 else 0 end;
        end if;
        w := w + 2;
      when ${KIND['fixed-window']} then
        x := words[w] + constants[c + 2];
        if cost > constants[c + 1] then wait := forever;
        elsif words[w + 1] = 0 or now_ms >= x or words[w + 1] + cost <= constants[c + 1] then wait := 0;
        else wait := x - now_ms;
        end if;
        left_units := case when now_ms >= x then constants[c + 1] else greatest(0, constants[c + 1] - words[w + 1]) end;
        full_ms := case when words[w + 1] = 0 then 0 else greatest(0, x - now_ms) end;
        w := w + 2;
      when ${KIND['sliding-counter']} then
        win := constants[c + 2];
        x := greatest(words[w], now_ms / win);
        current := case when x = words[w] then words[w + 1] else 0 end;
        previous := case x - words[w] when 0 then words[w + 2] when 1 then words[w + 1] else 0 end;
        x := x * win;
        gap := greatest(0, x - now_ms);
        into_ms := greatest(0, now_ms - x);
        if cost > constants[c + 1] then wait := forever;
        else
          wait := -1;
          x := constants[c + 1] - current - cost;
          if x >= 0 then
            x := case when previous = 0 then 0 else win - x * win / previous end;
            if x <= into_ms then wait := 0;
            elsif x < win then wait := gap + x - into_ms;
            end if;
          end if;
          if wait < 0 then
            wait := gap + win - into_ms + case when current = 0 then 0
              else greatest(0, win - (constants[c + 1] - cost) * win / current) end;
          end if;
        end if;
        left_units := greatest(0, (constants[c + 1] * win - current * win - previous * (win - into_ms)) / win);
        full_ms := case when current > 0 then gap + 2 * win - into_ms
          when previous > 0 then gap + win - into_ms else 0 end;
        w := w + 3;
      when ${KIND['sliding-log']} then
        win := constants[c + 2];
        log := times[t + 1 : t + words[w + 2]];
        gone := width_bucket(now_ms - win, log);
        if cost > constants[c + 1] then wait := forever;
        else
          x := words[w + 2] - gone + cost - constants[c + 1];
          wait := case when x <= 0 then 0 else log[gone + x] + win - now_ms end;
        end if;
        left_units := constants[c + 1] - (words[w + 2] - gone);
        full_ms := case when gone = words[w + 2] then 0 else log[words[w + 2]] + win - now_ms end;
        t := t + words[w + 2];
        w := w + 3;
      else
        wait := greatest(0, words[w] - now_ms);
        left_units := case when wait > 0 then 0 else forever end;
        full_ms := wait;
        w := w + 1;
      end case;`;

const changeText = `
      case kinds[i]
      when ${KIND.gcra} then
        per_ms := constants[c + 1];
        units := case when charged > debt_max / constants[c + 2] then debt_max else charged * constants[c + 2] end;
        if op = ${REFUND} then
          if words[w] >= now_ms then
            x := greatest(0, last_ms - arg);
            units := words[w + 1] - case when x > debt_max / per_ms then 0 else greatest(0, units - x * per_ms) end;
            x := case when units >= 0 then units / per_ms else (units - per_ms + 1) / per_ms end;
            if words[w] + x >= now_ms then
              words[w] := words[w] + x;
              words[w + 1] := units - x * per_ms;
            else
              words[w] := now_ms;
              words[w + 1] := 0;
            end if;
          end if;
        else
          if words[w] < now_ms then
            words[w] := now_ms;
            words[w + 1] := 0;
          end if;
          if delayed > 0 and words[w] < now_ms + delayed and delayed > waits[i] then
            words[w] := now_ms + delayed;
            words[w + 1] := 0;
          end if;
          units := words[w + 1] + units;
          x := units / per_ms;
          if words[w] + x <= now_ms + debt_max / per_ms then
            words[w] := words[w] + x;
            words[w + 1] := units - x * per_ms;
          elsif words[w] < now_ms + debt_max / per_ms then
            words[w] := now_ms + debt_max / per_ms;
            words[w + 1] := 0;
          end if;
        end if;
        w := w + 2;
      when ${KIND['fixed-window']} then
        if op = ${REFUND} then
          if arg >= words[w] and arg < words[w] + constants[c + 2] then
            words[w + 1] := greatest(0, words[w + 1] - charged);
          end if;
        else
          if words[w + 1] = 0 or now_ms >= words[w] + constants[c + 2] then
            words[w] := greatest(words[w],
              case when constants[c + 3] = 1 then now_ms / constants[c + 2] * constants[c + 2] else now_ms end);
            words[w + 1] := 0;
          end if;
          words[w + 1] := least(words[w + 1] + charged, debt_max);
        end if;
        w := w + 2;
      when ${KIND['sliding-counter']} then
        win := constants[c + 2];
        if op = ${REFUND} then
          x := words[w] - arg / win;
          if x = 0 or x = 1 then words[w + 1 + x] := greatest(0, words[w + 1 + x] - charged); end if;
        else
          x := now_ms / win - words[w];
          if x > 0 then
            words[w + 2] := case when x = 1 then words[w + 1] else 0 end;
            words[w + 1] := 0;
            words[w] := words[w] + x;
          end if;
          words[w + 1] := least(words[w + 1] + charged, debt_max / win);
        end if;
        w := w + 3;
      when ${KIND['sliding-log']} then
        log := times[t + 1 : t + words[w + 2]];
        x := words[w + 2];
        if op <> ${REFUND} then
          at_ms := greatest(now_ms, words[w]);
          gone := width_bucket(now_ms - constants[c + 2], log);
          units := least(charged, constants[c + 1]);
          if x - gone + charged > constants[c + 1] then words[w + 1] := at_ms + 1; end if;
          gone := greatest(gone, x + units - constants[c + 1]);
          log := log[gone + 1 : x] || array_fill(at_ms, array[units::int]);
          words[w] := at_ms;
        elsif arg >= words[w + 1] then
          gone := width_bucket(arg - 1, log);
          units := least(charged, width_bucket(arg, log) - gone);
          log := log[1 : gone] || log[gone + units + 1 : x];
        end if;
        words[w + 2] := cardinality(log);
        times := times[1 : t] || log || times[t + x + 1 : cardinality(times)];
        t := t + words[w + 2];
        w := w + 3;
      else
        w := w + 1;
      end case;`;

/** The statement that creates the function called `name` on the table called `table`. */
export const functionText = (name: string, table: string): string => `
create or replace function ${name}(
  ids text[], asked bigint[], kinds int[], constants bigint[], given_ms bigint
) returns text language plpgsql as $function$
#variable_conflict use_variable
declare
  forever constant bigint := 9223372036854775807;
  debt_max constant bigint := 2251799813685248;
  widths constant int[] := '{2,2,3,3,1}';
  reply bigint[] := '{}';
  words bigint[]; times bigint[]; log bigint[]; waits bigint[];
  op bigint; cost bigint; arg bigint; charged bigint; delayed bigint; longest bigint; fewest bigint;
  slowest int; scarcest int; counting boolean; found_row boolean; behind boolean;
  key text; w int; c int; t int; gone int;
  now_ms bigint; wait bigint; left_units bigint; full_ms bigint; drained bigint; last_ms bigint;
  slow_left bigint; slow_full bigint; scarce_full bigint;
  x bigint; units bigint; per_ms bigint; win bigint; current bigint; previous bigint; gap bigint; into_ms bigint;
  at_ms bigint;
begin
  counting := ${KIND.blocklist} <> any (kinds);
  for k in 1 .. cardinality(ids) loop
  key := ids[k];
  if octet_length(key) > ${ID_BYTES_MAX} then
    key := split_part(key, ':', 1) || ':' || split_part(key, ':', 2) || '#'
      || encode(sha256(convert_to(key, 'UTF8')), 'hex');
  end if;
  op := asked[3 * k - 2];
  cost := asked[3 * k - 1];
  arg := asked[3 * k];
  <<attempt>>
  loop
    if op = ${RESET} then
      delete from ${table} as r where r.id = key;
      reply := reply || '{0,0,0,0,0,0,0}'::bigint[];
      exit attempt;
    elsif op = ${PEEK} then
      select r.words, r.times into words, times from ${table} as r where r.id = key;
    else
      select r.words, r.times into words, times from ${table} as r where r.id = key for update;
    end if;
    found_row := found;
    if not found_row then
      words := array_fill(0::bigint, array[3 * cardinality(kinds)]);
      times := '{}';
    end if;
    now_ms := coalesce(given_ms, floor(date_part('epoch', clock_timestamp()) * 1000)::bigint);
    charged := 0;
    delayed := 0;
    waits := '{}';
    for pass in 1 .. 2 loop
      longest := 0; slowest := 1; fewest := forever; scarcest := 0; drained := 0;
      w := 1; t := 0; c := 0;
      for i in 1 .. cardinality(kinds) loop${measureText}
      waits[i] := wait;
      if wait > longest or i = 1 then
        longest := wait; slowest := i; slow_left := left_units; slow_full := full_ms;
      end if;
      if (kinds[i] <> ${KIND.blocklist} or not counting) and (left_units < fewest or scarcest = 0) then
        fewest := left_units; scarcest := i; scarce_full := full_ms;
      end if;
      if full_ms > drained then drained := full_ms; end if;
      c := c + ${CONSTANTS};
      end loop;
      exit when pass = 2;
      if op not in (${FORCE}, ${REFUND}, ${BLOCK}) and longest > (case when op = ${RESERVE} then arg else 0 end) then
        reply := reply || array[now_ms, -slowest, slow_left, longest, slow_full, 0, 0];
        exit attempt;
      end if;
      exit when op = ${PEEK};
      if op = ${RESERVE} then delayed := longest; end if;
      charged := case when op = ${LEASE} then greatest(least(arg, fewest), cost) else cost end;
      w := 1; t := 0; c := 0;
      if op = ${REFUND} then
        last_ms := now_ms;
        for i in 1 .. cardinality(kinds) loop
          if kinds[i] = ${KIND.gcra} and words[w] >= now_ms then
            x := words[w + 1] - constants[c + 3];
            last_ms := greatest(last_ms, words[w]
              + case when x > 0 then (x + constants[c + 1] - 1) / constants[c + 1] else x / constants[c + 1] end);
          end if;
          w := w + widths[kinds[i] + 1];
          c := c + ${CONSTANTS};
        end loop;
        w := 1; c := 0;
      end if;
      for i in 1 .. cardinality(kinds) loop
      if op = ${BLOCK} then
        if kinds[i] = ${KIND.blocklist} then words[w] := case when arg > 0 then now_ms + arg else 0 end; end if;
        w := w + widths[kinds[i] + 1];
      else${changeText}
      end if;
      c := c + ${CONSTANTS};
      end loop;
    end loop;
    if op <> ${PEEK} then
      if found_row then
        update ${table} as r
          set words = words, times = times, expires_ms = now_ms + drained where r.id = key;
      elsif drained > 0 then
        insert into ${table} values (key, words, times, now_ms + drained) on conflict do nothing;
        continue attempt when not found;
      end if;
    end if;
    reply := reply || array[now_ms, scarcest, fewest, longest, scarce_full, delayed,
      case when op in (${TAKE}, ${FORCE}, ${RESERVE}, ${LEASE}) then charged else 0 end];
    exit attempt;
  end loop;
  end loop;
  return array_to_string(array_replace(reply, forever, -1::bigint), ' ');
end
$function$`;
